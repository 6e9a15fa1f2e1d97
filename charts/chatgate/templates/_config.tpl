{{/*
What the chart reads in config. It never changes anything there.
*/}}

{{/* The port at the end of an address such as :8080 or cache:6379; empty where there is none. */}}
{{- define "chatgate.port" -}}
{{- regexFind ":[0-9]+$" . | trimPrefix ":" -}}
{{- end }}

{{- define "chatgate.publicPort" -}}
{{- include "chatgate.port" .Values.config.listen.public -}}
{{- end }}

{{- define "chatgate.adminPort" -}}
{{- include "chatgate.port" .Values.config.listen.admin -}}
{{- end }}

{{/* The port of a URL; empty for what is none, such as a reference. */}}
{{- define "chatgate.urlPort" -}}
{{- with regexFind "^https?://[^/?#]+" . -}}
{{- include "chatgate.port" . | default (hasPrefix "https:" . | ternary "443" "80") -}}
{{- end -}}
{{- end }}

{{/* config.baseURL without a final slash. */}}
{{- define "chatgate.baseURL" -}}
{{- .Values.config.baseURL | default "" | trimSuffix "/" -}}
{{- end }}

{{/* The host name in config.baseURL. */}}
{{- define "chatgate.host" -}}
{{- (urlParse (include "chatgate.baseURL" .)).hostname -}}
{{- end }}

{{/* A duration as config has it, such as 1m30s, in whole seconds, rounded up. */}}
{{- define "chatgate.seconds" -}}
{{- $units := dict "h" 3600 "m" 60 "s" 1 "ms" 0.001 -}}
{{- $sum := 0.0 -}}
{{- range regexFindAll "[0-9.]+(h|ms|m|s)" . -1 -}}
{{- $sum = addf $sum (mulf (regexFind "^[0-9.]+" . | float64) (get $units (regexFind "[a-z]+$" .))) -}}
{{- end -}}
{{- ceil $sum | int -}}
{{- end }}

{{/* The kind of a chat, which is its name where it says none: (list "name" $section). */}}
{{- define "chatgate.kind" -}}
{{- (index . 1).kind | default (index . 0) -}}
{{- end }}

{{/* Whether anything in the chart's own reach ends TLS for the public address; empty when nothing does. */}}
{{- define "chatgate.endsTLS" -}}
{{- if or .Values.config.listen.tls (and .Values.ingress.enabled .Values.ingress.tls) .Values.httpRoute.enabled -}}
yes
{{- end -}}
{{- end }}

{{/* The fewest replicas there are. */}}
{{- define "chatgate.fewest" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount | int -}}
{{- end }}

{{/* Whether there is a budget; empty when not. With a single replica it would keep nodes from being drained at all (H18). */}}
{{- define "chatgate.hasBudget" -}}
{{- if and .Values.podDisruptionBudget.enabled (gt (include "chatgate.fewest" . | int) 1) -}}yes{{- end -}}
{{- end }}

{{/* The most replicas there are. */}}
{{- define "chatgate.most" -}}
{{- .Values.autoscaling.enabled | ternary .Values.autoscaling.maxReplicas .Values.replicaCount | int -}}
{{- end }}

{{/*
The ports of Redis, as JSON. Sentinels name a master, whose port is not to be seen here: 6379, unless
networkPolicy.egress.redis.ports has another.
*/}}
{{- define "chatgate.redisPorts" -}}
{{- $redis := .Values.config.redis | default dict -}}
{{- $addresses := concat (($redis.sentinel).addresses | default list) (($redis.cluster).addresses | default list) -}}
{{- $addresses = append $addresses (($redis.standalone).address | default "") -}}
{{- $ports := .Values.networkPolicy.egress.redis.ports -}}
{{- if $redis.sentinel -}}
{{- $ports = append $ports 6379 -}}
{{- end -}}
{{- range $addresses -}}
{{- with include "chatgate.port" . -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- end -}}
{{- include "chatgate.sortedPorts" $ports -}}
{{- end }}

{{/* The ports other than 443 at which the providers and chats of config are called, as JSON. */}}
{{- define "chatgate.calledPorts" -}}
{{- $urls := list -}}
{{- range .Values.config.providers -}}
{{- $urls = concat $urls (list (.issuer | default "") (.discoveryURL | default "")) -}}
{{- end -}}
{{- range .Values.config.chats -}}
{{- $urls = append $urls ((.api).url | default .url | default "") -}}
{{- end -}}
{{- $ports := list -}}
{{- range $urls -}}
{{- with include "chatgate.urlPort" . -}}
{{- if ne . "443" -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- include "chatgate.sortedPorts" $ports -}}
{{- end }}

{{/* Ports in order, each once, as JSON. */}}
{{- define "chatgate.sortedPorts" -}}
{{- $padded := list -}}
{{- range . -}}
{{- $padded = append $padded (printf "%05d" (int .)) -}}
{{- end -}}
{{- $sorted := list -}}
{{- range $padded | uniq | sortAlpha -}}
{{- $sorted = append $sorted (trimPrefix "0" . | trimPrefix "0" | trimPrefix "0" | trimPrefix "0" | int) -}}
{{- end -}}
{{- toJson $sorted -}}
{{- end }}

{{/* A quantity of memory, such as 256Mi, in bytes; empty for what is none. */}}
{{- define "chatgate.bytes" -}}
{{- $quantity := toString . -}}
{{- $factors := dict "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "k" 1000 "M" 1000000 "G" 1000000000 "" 1 -}}
{{- if regexMatch "^[0-9]+(\\.[0-9]+)?(Ki|Mi|Gi|k|M|G)?$" $quantity -}}
{{- mulf (regexFind "^[0-9.]+" $quantity | float64) (get $factors (regexFind "[A-Za-z]*$" $quantity)) | int64 -}}
{{- end -}}
{{- end }}

{{/* Memory as Valkey's settings have it, such as 160mb, in bytes. */}}
{{- define "chatgate.redisBytes" -}}
{{- mul (regexFind "^[0-9]+" . | int64) (get (dict "kb" 1024 "mb" 1048576 "gb" 1073741824) (regexFind "[a-z]+$" .)) -}}
{{- end }}

{{/* Nine tenths of the memory limit for GOMEMLIMIT: the rest is what Go does not count. Empty without a limit. */}}
{{- define "chatgate.goMemoryLimit" -}}
{{- with include "chatgate.bytes" (((.Values.resources).limits).memory | default "") -}}
{{- printf "%dMiB" (divf (mulf . 0.9) 1048576 | floor | int) -}}
{{- end -}}
{{- end }}
