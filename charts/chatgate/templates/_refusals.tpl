{{/*
What would not run, or would not be safe, is refused here and not in the cluster. Each definition below prints a line for each
thing that is wrong, with the value's name and what to do; all of them are told at once.
*/}}

{{- define "chatgate.refuse" -}}
{{- $problems := list -}}
{{- range list "address" "config" "replicas" "redis" "exposure" "listeners" "secrets" "literals" "files" "variables" "valkey" "grace" "monitors" "scaling" "budget" "update" -}}
{{- $problems = append $problems (include (printf "chatgate.refuse.%s" .) $ | trim) -}}
{{- end -}}
{{- with compact $problems -}}
{{- fail (printf "\n\nchatgate is not installed, because:\n\n%s\n" (join "\n" .)) -}}
{{- end -}}
{{- end }}

{{- define "chatgate.refuse.address" -}}
{{- if not .Values.config.baseURL }}
- config.baseURL is missing: give the https address at which browsers reach the gateway, such as https://sso.example.org
{{- else if and (hasPrefix "http://" .Values.config.baseURL) (not .Values.config.development) }}
- config.baseURL is http: cookies and secrets go over https alone. Write https://{{ include "chatgate.host" . }}, or set config.development for a trial on loopback
{{- end }}
{{- end }}

{{- define "chatgate.refuse.config" -}}
{{- if not .Values.config.providers }}
- config.providers is empty: name the OpenID provider, such as providers: {corp: {issuer: https://idp.example.org, client: {id: chatgate, secret: "${file:/run/secrets/chatgate/oidc-client}"}}}
{{- end }}
{{- if not .Values.config.chats }}
- config.chats is empty: name a chat, such as chats: {rocketchat: {access: {providers: [corp]}, url: https://chat.example.org, api: {…}}}
{{- end }}
{{- if not (or (.Values.config.redis).memory (.Values.config.sealing).keys) }}
- config.sealing is missing: what is kept in Redis is sealed with it. Write sealing: {current: "1", keys: {"1": "${file:/run/secrets/chatgate/sealing}"}} and put the key into a Secret, which existingSecret then names:
  {{ include "chatgate.createSecret" (list . (include "chatgate.fullname" .) list) }} --from-literal=sealing="$(openssl rand -base64 32)"
{{- end }}
{{- end }}

{{- define "chatgate.refuse.replicas" -}}
{{- $redis := .Values.config.redis | default dict -}}
{{- $value := .Values.autoscaling.enabled | ternary "autoscaling.maxReplicas" "replicaCount" -}}
{{- if not (or $redis.standalone $redis.sentinel $redis.cluster $redis.memory) }}
- config.redis names no Redis, and {{ $value }} is {{ include "chatgate.most" . }}: give config.redis.standalone, sentinel or cluster. For a trial, set valkey.enabled, or config.redis.memory with replicaCount: 1
{{- else if and $redis.memory (gt (include "chatgate.most" . | int) 1) }}
- {{ $value }} is {{ include "chatgate.most" . }} and config.redis.memory keeps everything in one process: set {{ $value }} to 1, or name a Redis that the replicas share
{{- end }}
{{- end }}

{{/* Which of many is at fault is told by its place, as the gateway does. */}}
{{- define "chatgate.refuse.redis" -}}
{{- $redis := .Values.config.redis | default dict -}}
{{- $addresses := dict -}}
{{- with ($redis.standalone).address -}}
{{- $_ := set $addresses "standalone.address" . -}}
{{- end -}}
{{- range $layout := list "sentinel" "cluster" -}}
{{- range $i, $address := (get $redis $layout | default dict).addresses -}}
{{- $_ := set $addresses (printf "%s.addresses[%d]" $layout $i) $address -}}
{{- end -}}
{{- end -}}
{{- $egress := .Values.networkPolicy.egress.redis -}}
{{- range $key, $address := $addresses -}}
{{- if not (include "chatgate.port" $address) -}}
{{- if not (contains "${" $address) }}
- config.redis.{{ $key }} is {{ $address }}, without a port: write "{{ $address }}:6379"
{{- else if and $.Values.networkPolicy.enabled $egress.enabled (not $egress.ports) }}
- config.redis.{{ $key }} is {{ $address }}, whose port networkPolicy does not see: list it in networkPolicy.egress.redis.ports, such as [6379]
{{- end -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "chatgate.refuse.exposure" -}}
{{- $hosts := list -}}
{{- range .Values.ingress.hosts -}}
{{- $hosts = append $hosts .host -}}
{{- end -}}
{{- include "chatgate.refuse.exposed" (dict "root" . "by" "ingress" "key" "ingress.hosts" "hosts" $hosts "example" "[{host: %s}]") -}}
{{- include "chatgate.refuse.exposed" (dict "root" . "by" "httpRoute" "key" "httpRoute.hostnames" "hosts" .Values.httpRoute.hostnames "example" "[%s]") -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) }}
- httpRoute.parentRefs is empty: name the Gateway that the route belongs to, such as [{name: public, namespace: gateways}]
{{- end }}
{{- end }}

{{- define "chatgate.refuse.exposed" -}}
{{- if index .root.Values .by "enabled" -}}
{{- $host := include "chatgate.host" .root -}}
{{- if not .root.Values.config.trustedProxies }}
- {{ .by }}.enabled is set without config.trustedProxies: everybody would come from the one address of the proxy. List the networks that its pods have, such as [10.0.0.0/8]
{{- end }}
{{- if not .hosts }}
- {{ .key }} is empty: set it to {{ printf .example ($host | default "sso.example.org") }}
{{- else if $host }}
{{- $parent := regexReplaceAll "^[^.]+" $host "*" -}}
{{- if not (or (has $host .hosts) (has $parent .hosts)) }}
- {{ .key }} lacks {{ $host }}, the host of config.baseURL: browsers would not reach the gateway there
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{- define "chatgate.refuse.listeners" -}}
{{- $loopback := "^(127\\.[0-9.]+|localhost|\\[::1\\]):" -}}
{{- range $key := list "public" "admin" -}}
{{- $address := index $.Values.config.listen $key -}}
{{- $port := include "chatgate.port" $address | int -}}
{{- if or (lt $port 1) (gt $port 65535) }}
- config.listen.{{ $key }} is {{ $address }}: its port has to be a number from 1 to 65535, such as "{{ eq $key "admin" | ternary ":9090" ":8080" }}"
{{- else if regexMatch $loopback $address }}
- config.listen.{{ $key }} is {{ $address }}, where {{ eq $key "admin" | ternary "probes and metrics" "nobody" }} from outside the pod {{ eq $key "admin" | ternary "do not get" "gets" }}: write "{{ regexFind ":[0-9]+$" $address }}"
{{- end }}
{{- end }}
{{- if eq (include "chatgate.publicPort" .) (include "chatgate.adminPort" .) }}
- config.listen.admin has the port of config.listen.public: metrics and health are not for everybody. Write ":9090"
{{- end }}
{{- if and .Values.tls.existingSecret (not .Values.config.listen.tls) }}
- tls.existingSecret is set and config.listen.tls is not: write listen: {tls: {certificate: /run/tls/tls.crt, key: /run/tls/tls.key}}
{{- end }}
{{- if and .Values.trustedCA.existingConfigMap .Values.trustedCA.existingSecret }}
- trustedCA.existingConfigMap and trustedCA.existingSecret are both set: leave one of them out
{{- end }}
{{- end }}

{{- define "chatgate.refuse.secrets" -}}
{{- with include "chatgate.missingFiles" . | fromJsonArray }}
{{- if $.Values.existingSecret }}
- secretKeys lacks {{ join ", " . }}, which config refers to: add {{ range . }}"{{ . }}: <key in {{ $.Values.existingSecret }}>" {{ end }}or leave secretKeys empty, so that every key of the Secret is a file. A new Secret with them is made by
  {{ include "chatgate.createSecret" (list $ $.Values.existingSecret .) }}
{{- else }}
- existingSecret is empty, and config refers to {{ join ", " . }} below {{ include "chatgate.secretsPath" $ }}: set existingSecret: {{ include "chatgate.fullname" $ }}, and make it by
  {{ include "chatgate.createSecret" (list $ (include "chatgate.fullname" $) .) }}
{{- end }}
{{- end }}
{{- if and .Values.secretKeys (not .Values.existingSecret) }}
- secretKeys is given without existingSecret: name the Secret that has the keys
{{- end }}
{{- range $name, $_ := .Values.secrets }}
{{- if hasKey $.Values.secretKeys $name }}
- secrets.{{ $name }} and secretKeys.{{ $name }} are both given: leave one of them out
{{- end }}
{{- end }}
{{- end }}

{{- define "chatgate.refuse.literals" -}}
{{- $literal := dict -}}
{{- $shown := dict -}}
{{- $known := dict -}}
{{- range .Values.extraEnv -}}
{{- $_ := set $known .name true -}}
{{- if hasKey . "value" -}}
{{- $_ := set $literal .name true -}}
{{- else if (.valueFrom).configMapKeyRef -}}
{{- $_ := set $shown .name true -}}
{{- end -}}
{{- if include "chatgate.literalSecret" . }}
- extraEnv has the value of {{ .name }} written out, which everybody may read who may read a Deployment: use valueFrom.secretKeyRef
{{- end -}}
{{- end -}}
{{- $onlyConfigMaps := and .Values.envFrom (not (contains `"secretRef"` (toJson .Values.envFrom))) -}}
{{- range $path, $secret := include "chatgate.secretSettings" . | fromJson -}}
{{- $text := toString ($secret | default "") -}}
{{- $variable := regexFind "^\\$\\{env:[^}]+" $text | trimPrefix "${env:" -}}
{{- if not (regexMatch "^(\\$\\{(file|env):[^}]+\\})?$" $text) }}
- {{ $path }} holds the secret itself, which a ConfigMap shows to everybody who may read it: write "${file:/run/secrets/chatgate/NAME}" and put NAME into existingSecret
{{- else if hasKey $literal $variable }}
- {{ $path }} comes from {{ $text }}, whose value stands in extraEnv: use valueFrom.secretKeyRef there
{{- else if hasKey $shown $variable }}
- {{ $path }} comes from {{ $text }}, which extraEnv takes from a ConfigMap: everybody may read it who may read that. Use valueFrom.secretKeyRef
{{- else if and $variable $onlyConfigMaps (not (hasKey $known $variable)) }}
- {{ $path }} comes from {{ $text }}, and envFrom has ConfigMaps alone: everybody may read it who may read those. Use a secretRef there, or extraEnv with valueFrom.secretKeyRef
{{- end }}
{{- end }}
{{- end }}

{{/*
Whether an entry of extraEnv has a secret in it, by its name; empty when not. What is made of other variables, $(NAME), and
the path of a file are none.
*/}}
{{- define "chatgate.literalSecret" -}}
{{- $named := regexMatch "(?i)(_HEADERS$|PASSWORD|SECRET|TOKEN|_KEY$)" .name -}}
{{- $path := or (regexMatch "(?i)_(FILE|PATH)$" .name) (regexMatch "^OTEL_EXPORTER_OTLP_(TRACES_)?CLIENT_KEY$" .name) -}}
{{- if and $named (not $path) .value (not (regexMatch "\\$\\([A-Za-z_][A-Za-z0-9_.-]*\\)" .value)) -}}yes{{- end -}}
{{- end }}

{{- define "chatgate.refuse.files" -}}
{{- range include "chatgate.referredFiles" . | fromJsonArray }}
{{- if not (or (hasPrefix (printf "%s/" (include "chatgate.secretsPath" $)) .) (include "chatgate.mounted" (list $ .))) }}
- config refers to the file {{ . }}, and nothing mounts it: mount it by extraVolumes and extraVolumeMounts, or use {{ include "chatgate.secretsPath" $ }}/NAME with existingSecret
{{- end }}
{{- end }}
{{- end }}

{{- define "chatgate.refuse.variables" -}}
{{- $known := list -}}
{{- range .Values.extraEnv -}}
{{- $known = append $known .name -}}
{{- end -}}
{{- if not .Values.envFrom -}}
{{- range include "chatgate.referredVariables" . | fromJsonArray }}
{{- if not (has . $known) }}
- config refers to the environment variable {{ . }}, and nothing sets it: add {name: {{ . }}, valueFrom: {secretKeyRef: {name: …, key: …}}} to extraEnv, or a Secret to envFrom
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "chatgate.refuse.valkey" -}}
{{- if .Values.valkey.enabled -}}
{{- $redis := .Values.config.redis | default dict -}}
{{- $service := include "chatgate.nameOf" (list . "valkey") -}}
{{- if not .Values.valkey.existingSecret }}
- valkey.existingSecret is empty: name the Secret with Valkey's password, made by
  {{ include "chatgate.createSecret" (list . (include "chatgate.fullname" .) list) }} --from-literal={{ .Values.valkey.secretKey }}="$(openssl rand -hex 32)"
{{- end }}
{{- if not (regexMatch (printf "^%s(\\.%s(\\.svc(\\..+)?)?)?:6379$" $service (include "chatgate.namespace" .)) (($redis.standalone).address | default "")) }}
- valkey.enabled is set, and config.redis.standalone.address is not its Service: write redis: {standalone: {address: "{{ $service }}:6379"}, password: "${file:/run/secrets/chatgate/{{ .Values.valkey.secretKey }}}"}
{{- else if not $redis.password }}
- valkey.enabled is set without config.redis.password: write password: "${file:/run/secrets/chatgate/{{ .Values.valkey.secretKey }}}"
{{- end }}
{{- $data := include "chatgate.redisBytes" .Values.valkey.maxmemory | int64 -}}
{{- with ((.Values.valkey.resources).limits).memory -}}
{{- $limit := include "chatgate.bytes" . | int64 -}}
{{- if and $limit (ge $data $limit) }}
- valkey.maxmemory is {{ $.Values.valkey.maxmemory }} and valkey.resources.limits.memory is {{ . }}: the kernel would end Valkey before it is full. Raise the limit, to about three halves of maxmemory
{{- end }}
{{- end }}
{{- end -}}
{{- end }}

{{- define "chatgate.refuse.grace" -}}
{{- $drain := include "chatgate.seconds" (.Values.config.listen.drain | default "5s") | int -}}
{{- $sleep := (((.Values.lifecycle).preStop).sleep).seconds | default .Values.preStopSleepSeconds | int -}}
{{- $needed := add $drain 25 $sleep -}}
{{- if lt (int .Values.terminationGracePeriodSeconds) (int $needed) }}
- terminationGracePeriodSeconds is {{ .Values.terminationGracePeriodSeconds }} and has to be {{ $needed }} or more: config.listen.drain ({{ $drain }} s), 25 s for requests in flight, and {{ $sleep }} s before the pod is told to end
{{- end }}
{{- end }}

{{- define "chatgate.refuse.monitors" -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled }}
- metrics.serviceMonitor.enabled and metrics.podMonitor.enabled are both set: every metric would be counted twice. Leave one of them out
{{- end }}
{{- end }}

{{- define "chatgate.refuse.scaling" -}}
{{- with .Values.autoscaling -}}
{{- if .enabled -}}
{{- if gt (int .minReplicas) (int .maxReplicas) }}
- autoscaling.minReplicas is {{ .minReplicas }} and autoscaling.maxReplicas is {{ .maxReplicas }}: the most has to be as many as the fewest or more
{{- end }}
{{- if not (or .targetCPUUtilizationPercentage .targetMemoryUtilizationPercentage .metrics) }}
- autoscaling.enabled is set, and nothing says what to scale by: give targetCPUUtilizationPercentage, targetMemoryUtilizationPercentage or metrics
{{- end }}
{{- end -}}
{{- end -}}
{{- end }}

{{/* Percentages of a budget are rounded up. */}}
{{- define "chatgate.refuse.budget" -}}
{{- if include "chatgate.hasBudget" . -}}
{{- $fewest := include "chatgate.fewest" . | int -}}
{{- with .Values.podDisruptionBudget -}}
{{- $kept := toString .minAvailable -}}
{{- $gone := toString .maxUnavailable -}}
{{- if hasSuffix "%" $kept -}}
{{- $kept = divf (mulf (trimSuffix "%" $kept | float64) $fewest) 100 | ceil -}}
{{- end -}}
{{- if ge (int $kept) $fewest }}
- podDisruptionBudget.minAvailable is {{ .minAvailable }} and there may be no more than {{ $fewest }} replicas: no node that has one could be drained. Write {{ sub $fewest 1 }} or less, or leave it empty
{{- end }}
{{- if has $gone (list "0" "0%") }}
- podDisruptionBudget.maxUnavailable is {{ $gone }}: no node that has one of the pods could be drained. Write 1 or more, or leave it empty
{{- end }}
{{- end -}}
{{- end -}}
{{- end }}

{{- define "chatgate.refuse.update" -}}
{{- $bounds := .Values.updateStrategy.rollingUpdate | default dict -}}
{{- $none := list "0" "0%" -}}
{{- if and (eq .Values.updateStrategy.type "RollingUpdate") (has (toString $bounds.maxSurge) $none) (has (toString $bounds.maxUnavailable) $none) }}
- updateStrategy.rollingUpdate.maxSurge and maxUnavailable are both 0: no pod could be replaced. Let one of them be 1
{{- end }}
{{- end }}
