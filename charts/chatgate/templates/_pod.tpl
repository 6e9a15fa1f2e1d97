{{/*
The parts of the gateway's pod that are more than a value.
*/}}

{{/* Annotations that differ whenever what the pod starts with does, so that pods are replaced then (H13). */}}
{{- define "chatgate.podAnnotations" -}}
{{- $own := dict "checksum/config" (include (print $.Template.BasePath "/configmap.yaml") . | sha256sum) -}}
{{- if .Values.secrets -}}
{{- $_ := set $own "checksum/secret" (include (print $.Template.BasePath "/secret.yaml") . | sha256sum) -}}
{{- end -}}
{{- toYaml (merge $own .Values.podAnnotations .Values.commonAnnotations) -}}
{{- end }}

{{/* The chart's own environment, without what extraEnv sets, and then extraEnv. */}}
{{- define "chatgate.env" -}}
{{- $theirs := list -}}
{{- range .Values.extraEnv -}}
{{- $theirs = append $theirs .name -}}
{{- end -}}
{{- /* So that kubectl exec … -- /chatgate doctor needs no --config. */ -}}
{{- $env := list (dict "name" "CHATGATE_CONFIG" "value" "/etc/chatgate/chatgate.yaml") -}}
{{- with include "chatgate.goMemoryLimit" . -}}
{{- $env = append $env (dict "name" "GOMEMLIMIT" "value" .) -}}
{{- end -}}
{{- if or .Values.trustedCA.existingConfigMap .Values.trustedCA.existingSecret -}}
{{- /* Beside this folder Go reads the image's own bundle, which is a file. */ -}}
{{- $env = append $env (dict "name" "SSL_CERT_DIR" "value" "/run/trusted-ca") -}}
{{- end -}}
{{- $kept := list -}}
{{- range $env -}}
{{- if not (has .name $theirs) -}}
{{- $kept = append $kept . -}}
{{- end -}}
{{- end -}}
{{- with concat $kept .Values.extraEnv }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* A hook that sleeps before the end, where Kubernetes can do that without a shell in the image, or what lifecycle says. */}}
{{- define "chatgate.lifecycle" -}}
{{- if .Values.lifecycle -}}
{{- toYaml .Values.lifecycle -}}
{{- else if and .Values.preStopSleepSeconds (semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version) -}}
preStop:
  sleep:
    seconds: {{ int .Values.preStopSleepSeconds }}
{{- end -}}
{{- end }}

{{/* How pods spread: an entry that says nothing of which pods count would count none. One that does stays as it is. */}}
{{- define "chatgate.topologySpreadConstraints" -}}
{{- $own := dict "labelSelector" (dict "matchLabels" (include "chatgate.selectorLabels" (list . "gateway") | fromYaml)) -}}
{{- $entries := list -}}
{{- range .Values.topologySpreadConstraints -}}
{{- $entries = append $entries (kindIs "map" .labelSelector | ternary . (merge (dict) $own .)) -}}
{{- end -}}
{{- with $entries }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/*
What a pod mounts. The configuration is mounted by subPath, which never changes in a running container: a new one comes with
new pods (checksum/config), so that one which is wrong stops the first of them and touches none that serves. Secrets are
mounted as folders, in which a running gateway sees what changes.
*/}}
{{- define "chatgate.volumeMounts" -}}
- name: config
  mountPath: /etc/chatgate/chatgate.yaml
  subPath: chatgate.yaml
  readOnly: true
{{- if include "chatgate.hasSecrets" . }}
- name: secrets
  mountPath: {{ include "chatgate.secretsPath" . }}
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /run/tls
  readOnly: true
{{- end }}
{{- if or .Values.trustedCA.existingConfigMap .Values.trustedCA.existingSecret }}
- name: trusted-ca
  mountPath: /run/trusted-ca
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Secrets are for the pod's group and not for everybody: the gateway warns of files that others may read. */}}
{{- define "chatgate.volumes" -}}
- name: config
  configMap:
    name: {{ include "chatgate.fullname" . | quote }}
{{- if include "chatgate.hasSecrets" . }}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- with .Values.existingSecret }}
      - secret:
          name: {{ . | quote }}
          {{- with $.Values.secretKeys }}
          items:
            {{- range $file, $key := . }}
            - key: {{ $key | quote }}
              path: {{ $file | quote }}
            {{- end }}
          {{- end }}
      {{- end }}
      {{- if .Values.secrets }}
      - secret:
          name: {{ include "chatgate.nameOf" (list . "secrets") | quote }}
      {{- end }}
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- with .Values.trustedCA.existingConfigMap }}
- name: trusted-ca
  configMap:
    name: {{ . | quote }}
{{- end }}
{{- with .Values.trustedCA.existingSecret }}
- name: trusted-ca
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
