{{/*
Where config refers to secrets, and what brings them.
*/}}

{{/* Where existingSecret and secrets are mounted. */}}
{{- define "chatgate.secretsPath" -}}/run/secrets/chatgate{{- end }}

{{/* Whether there is anything to mount there; empty when not. */}}
{{- define "chatgate.hasSecrets" -}}
{{- if or .Values.existingSecret .Values.secrets -}}yes{{- end -}}
{{- end }}

{{/* config as one line, without what $${ spells out: ${file:…} and ${env:…} in it are references. */}}
{{- define "chatgate.referring" -}}
{{- .Values.config | toJson | replace "$${" "" -}}
{{- end }}

{{/* The paths of ${file:PATH}, as JSON. A relative one begins at the folder of the configuration file. */}}
{{- define "chatgate.referredFiles" -}}
{{- $paths := list -}}
{{- range regexFindAll "\\$\\{file:[^}]+\\}" (include "chatgate.referring" .) -1 -}}
{{- $path := . | trimPrefix "${file:" | trimSuffix "}" -}}
{{- $paths = append $paths (hasPrefix "/" $path | ternary $path (printf "/etc/chatgate/%s" $path)) -}}
{{- end -}}
{{- toJson (concat $paths (include "chatgate.namedFiles" . | fromJsonArray) | uniq | sortAlpha) -}}
{{- end }}

{{/* The files and folders that settings name without a reference, as JSON. audit.output may be a word as well. */}}
{{- define "chatgate.namedFiles" -}}
{{- $paths := list -}}
{{- range $setting, $named := include "chatgate.settingsOf" (list . "files/path-settings.txt") | fromJson -}}
{{- range kindIs "slice" $named | ternary $named (list $named) -}}
{{- $path := toString (. | default "") -}}
{{- if and $path (not (contains "${" $path)) (not (and (eq $setting "config.audit.output") (has $path (list "log" "stdout")))) -}}
{{- $paths = append $paths (hasPrefix "/" $path | ternary $path (printf "/etc/chatgate/%s" $path)) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $paths -}}
{{- end }}

{{/* The names of ${env:NAME}, as JSON. */}}
{{- define "chatgate.referredVariables" -}}
{{- $names := list -}}
{{- range regexFindAll "\\$\\{env:[^}]+\\}" (include "chatgate.referring" .) -1 -}}
{{- $names = append $names (. | trimPrefix "${env:" | trimSuffix "}") -}}
{{- end -}}
{{- toJson ($names | uniq | sortAlpha) -}}
{{- end }}

{{/* Whether the image or a mount that the values ask for has the file: (list $ "/path"); empty when none has. */}}
{{- define "chatgate.mounted" -}}
{{- $path := index . 1 -}}
{{- $values := (index . 0).Values -}}
{{- $mounts := list "/etc/ssl/certs/ca-certificates.crt" -}}
{{- range $values.extraVolumeMounts -}}
{{- $mounts = append $mounts (.mountPath | trimSuffix "/") -}}
{{- end -}}
{{- if $values.tls.existingSecret -}}
{{- $mounts = append $mounts "/run/tls" -}}
{{- end -}}
{{- if or $values.trustedCA.existingConfigMap $values.trustedCA.existingSecret -}}
{{- $mounts = append $mounts "/run/trusted-ca" -}}
{{- end -}}
{{- range $mounts -}}
{{- if or (eq $path .) (hasPrefix (printf "%s/" .) $path) -}}yes{{- end -}}
{{- end -}}
{{- end }}

{{/*
The files below /run/secrets/chatgate that config refers to and nothing brings, as JSON. With an existingSecret and no
secretKeys every key of the Secret is a file, and only the cluster knows which there are.
*/}}
{{- define "chatgate.missingFiles" -}}
{{- $folder := printf "%s/" (include "chatgate.secretsPath" .) -}}
{{- $missing := list -}}
{{- if not (and .Values.existingSecret (empty .Values.secretKeys)) -}}
{{- range include "chatgate.referredFiles" . | fromJsonArray -}}
{{- $name := trimPrefix $folder . -}}
{{- if and (hasPrefix $folder .) (not (include "chatgate.mounted" (list $ .))) (not (or (hasKey $.Values.secretKeys $name) (hasKey $.Values.secrets $name))) -}}
{{- $missing = append $missing $name -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $missing -}}
{{- end }}

{{/* The command that makes a Secret of these files: (list $ "secret" names). Sealing keys are random bytes. */}}
{{- define "chatgate.createSecret" -}}
{{- $root := index . 0 -}}
{{- $sealing := toJson ($root.Values.config.sealing).keys -}}
kubectl --namespace {{ include "chatgate.namespace" $root }} create secret generic {{ index . 1 }}
{{- range index . 2 }} \
      {{ contains (printf "/%s}" .) $sealing | ternary (printf "--from-literal=%s=\"$(openssl rand -base64 32)\"" .) (printf "--from-file=%s=./%s" . .) }}
{{- end }}
{{- end }}

{{/* Settings in config by their paths, into the dict found: node, rest (the path still to go, * for any key), at. */}}
{{- define "chatgate.collect" -}}
{{- if empty .rest -}}
{{- $_ := set .found .at .node -}}
{{- else if kindIs "map" .node -}}
{{- range $key, $child := .node -}}
{{- if has (first $.rest) (list "*" $key) -}}
{{- include "chatgate.collect" (dict "node" $child "rest" (rest $.rest) "at" (printf "%s.%s" $.at $key) "found" $.found) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{/* The settings of a list that config has, by their paths, as JSON: (list $ "files/list.txt"). */}}
{{- define "chatgate.settingsOf" -}}
{{- $found := dict -}}
{{- $root := index . 0 -}}
{{- range $root.Files.Lines (index . 1) -}}
{{- if . -}}
{{- include "chatgate.collect" (dict "node" $root.Values.config "rest" (splitList "." .) "at" "config" "found" $found) -}}
{{- end -}}
{{- end -}}
{{- toJson $found -}}
{{- end }}

{{/* Every secret in config by its path, as JSON: the list is of the settings that `chatgate config schema` calls writeOnly. */}}
{{- define "chatgate.secretSettings" -}}
{{- include "chatgate.settingsOf" (list . "files/secret-settings.txt") -}}
{{- end }}
