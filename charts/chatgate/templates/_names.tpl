{{/*
Names, labels and the metadata that every object has. What a name or a label comes from stands in quotes wherever it is
written: one that consists of digits would be a number else, which the API server refuses.
*/}}

{{/* The name of the application, which is part of every selector. */}}
{{- define "chatgate.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* The name of the release's main objects: at most 63 characters, which is what a label and a Service may have. */}}
{{- define "chatgate.fullname" -}}
{{- $name := include "chatgate.name" . -}}
{{- $full := contains $name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name $name) -}}
{{- .Values.fullnameOverride | default $full | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/*
The name of a further object: (list $ "suffix"). At most 52 characters, since Kubernetes adds eleven to a StatefulSet's for
a label.
*/}}
{{- define "chatgate.nameOf" -}}
{{- $suffix := printf "-%s" (index . 1) -}}
{{- $room := sub 52 (len $suffix) | int -}}
{{- include "chatgate.fullname" (index . 0) | trunc $room | trimSuffix "-" }}{{ $suffix -}}
{{- end }}

{{- define "chatgate.namespace" -}}
{{- .Values.namespaceOverride | default .Release.Namespace -}}
{{- end }}

{{- define "chatgate.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (.Values.serviceAccount.create | ternary (include "chatgate.fullname" .) "default") -}}
{{- end }}

{{/* What a Service, a Deployment or a policy finds its pods by: (list $ "component"). Nothing of it ever changes. */}}
{{- define "chatgate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "chatgate.name" (index . 0) | quote }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* The labels of an object: (list $ "component" further...). Its own win over further ones, and those over commonLabels. */}}
{{- define "chatgate.labels" -}}
{{- $root := index . 0 -}}
{{- $version := $root.Values.image.tag | default $root.Chart.AppVersion | replace "+" "_" | trunc 63 | trimSuffix "-" -}}
{{- $own := include "chatgate.selectorLabels" (list $root (index . 1)) | fromYaml -}}
{{- $own = merge $own (dict
    "app.kubernetes.io/version" $version
    "app.kubernetes.io/part-of" "chatgate"
    "app.kubernetes.io/managed-by" $root.Release.Service
    "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")) -}}
{{- range slice . 2 -}}
{{- $own = merge $own . -}}
{{- end -}}
{{- toYaml (merge $own $root.Values.commonLabels) -}}
{{- end }}

{{/*
The metadata of an object, from a dict: root, name, component, and where there are such namespace, labels, annotations.
*/}}
{{- define "chatgate.metadata" -}}
name: {{ .name | quote }}
namespace: {{ .namespace | default (include "chatgate.namespace" .root) | quote }}
labels:
  {{- include "chatgate.labels" (list .root .component (.labels | default dict)) | nindent 2 }}
{{- with merge (dict) (.annotations | default dict) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* An image with its registry and tag or digest: (list $ .Values.image "tag by default"). */}}
{{- define "chatgate.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $root.Values.global.imageRegistry | default $image.registry -}}
{{- $repository := $registry | empty | ternary $image.repository (printf "%s/%s" $registry $image.repository) -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $repository $image.digest -}}
{{- else -}}
{{- printf "%s:%s" $repository ($image.tag | default (index . 2)) -}}
{{- end -}}
{{- end }}

{{/* The pull secrets of a pod. Charts that share global values write them as names or as objects. */}}
{{- define "chatgate.imagePullSecrets" -}}
{{- $names := list -}}
{{- range concat .Values.global.imagePullSecrets .Values.imagePullSecrets -}}
{{- $names = append $names (kindIs "string" . | ternary . (get (kindIs "map" . | ternary . dict) "name")) -}}
{{- end -}}
{{- with $names | uniq }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- end }}
