{{/*
What NOTES.txt says of each chat, and what it warns of. All of it is for people to copy, and none of it is secret.
*/}}

{{/* The beginning of a command in one of the gateway's pods; its image has nothing but /chatgate, which finds its file. */}}
{{- define "chatgate.notes.exec" -}}
kubectl --namespace {{ include "chatgate.namespace" . }} exec --stdin --tty deployment/{{ include "chatgate.fullname" . }} -- /chatgate
{{- end }}

{{/* What a provider has to know: (list $ "key" $provider). */}}
{{- define "chatgate.notes.provider" -}}
{{- $base := include "chatgate.baseURL" (index . 0) }}
  {{ index . 1 }}, the provider at {{ (index . 2).issuer }}
    Client ID                 {{ ((index . 2).client).id }}
    Redirect URI              {{ $base }}/login/callback
    Post-logout redirect URI  {{ $base }}/logout/complete
    Back-channel logout URI   {{ $base }}/logout/backchannel
    Front-channel logout URI  {{ $base }}/logout/frontchannel
{{- end }}

{{/* What a Rocket.Chat has to know: (list $ "name" $section). */}}
{{- define "chatgate.notes.rocketchat" -}}
{{- $exec := include "chatgate.notes.exec" (index . 0) -}}
{{- $chat := index . 1 -}}
{{- $section := index . 2 -}}
{{- $own := printf "%s/%s" (include "chatgate.baseURL" (index . 0)) $chat }}
  {{ $chat }}, the Rocket.Chat at {{ $section.url }}
    The way back, when nobody gets in any more: start it with OVERWRITE_SETTING_Accounts_iframe_enabled=false
    {{- if ne (($section.api).tokens | default "createToken") "password" }}
    Its server's environment has {{ if ($section.api).createTokenSecret }}CREATE_TOKENS_FOR_USERS_SECRET with the value of chats.{{ $chat }}.api.createTokenSecret{{ else }}CREATE_TOKENS_FOR_USERS=true (from 8.0 on: CREATE_TOKENS_FOR_USERS_SECRET, and api.createTokenSecret here){{ end }}

    {{- end }}
    These show what would change, and change it:
      {{ $exec }} setup rocketchat --chat {{ $chat }}
      {{ $exec }} setup rocketchat --chat {{ $chat }} --apply
    By hand it is Administration, Settings, Accounts, Iframe, the first one last:
      Accounts_iframe_enabled     true
      Accounts_iframe_url         {{ $own }}/frame
      Accounts_Iframe_api_url     {{ $own }}/token
      Accounts_Iframe_api_method  POST
{{- end }}

{{/* What a Talk or Coral has to know: (list $ "name" $section). */}}
{{- define "chatgate.notes.talk" -}}
{{- $root := index . 0 -}}
{{- $chat := index . 1 -}}
{{- $section := index . 2 -}}
{{- $own := printf "%s/%s" (include "chatgate.baseURL" $root) $chat -}}
{{- $exec := include "chatgate.notes.exec" $root -}}
{{- if eq ($section.profile | default "") "talk4" }}
  {{ $chat }}, the Talk 4 at {{ $section.url }}
    This prints the lines of its environment:
      {{ $exec }} setup talk --chat {{ $chat }}
    They name
      Issuer    {{ $section.issuer | default $own }}
      JWKS URI  {{ $own }}/jwks.json
{{- else }}
  {{ $chat }}, the Coral at {{ $section.url }}
    With a token of one of Coral's administrators in the file coral-admin-token, this sets it up:
      {{ replace " --tty" "" $exec }} setup talk --chat {{ $chat }} --admin-token-file /dev/stdin --apply --yes < coral-admin-token
    {{- if eq ($section.profile | default "") "coral-sso" }}
    By hand it is Configure, Authentication, Single Sign On:
      Enabled             on
      Allow registration  on
      Key ID              {{ keys ($section.ssoSecrets | default dict) | sortAlpha | join ", " }}
    Coral makes that key and its secret. The same command with --show-secrets in place of --apply prints them for ssoSecrets.
    {{- else }}
    By hand it is Configure, Authentication, OpenID Connect:
      Enabled             on
      Allow registration  on
      Provider name       what the button is to say, such as chatgate
      Client ID           {{ ($section.client).id }}
      Client secret       {{ ($section.client).secret | empty | ternary "any text" (printf "the value of chats.%s.client.secret" $chat) }}
      Issuer              {{ $section.issuer | default $own }}
      JWKS URI            {{ $own }}/jwks.json
      Authorization URL   {{ $own }}/oauth/authorize
      Token URL           {{ $own }}/oauth/token
    {{- end }}
{{- end }}
    Pages with its comments load {{ include "chatgate.baseURL" $root }}/sdk/v1/chatgate.js
{{- end }}

{{/* A line for each setting that is on and should be on purpose. */}}
{{- define "chatgate.notes.warnings" -}}
{{- $config := .Values.config -}}
{{- if $config.development }}
WARNING: config.development lets http and self-made names in. Nobody but you may reach this.
{{- end }}
{{- if and (hasPrefix "https:" $config.baseURL) (not (include "chatgate.endsTLS" .)) }}
WARNING: config.baseURL is https, and nothing here ends TLS: neither ingress.tls nor httpRoute nor config.listen.tls is set. Unless a balancer of yours does, nobody can sign in.
{{- end }}
{{- if ($config.redis).memory }}
WARNING: config.redis.memory keeps everything in one process: a restart signs everybody out and forgets whose account is whose.
{{- end }}
{{- if .Values.valkey.enabled }}
WARNING: valkey is a single server for trials{{ if not .Values.valkey.persistence.enabled }}, and without valkey.persistence account links are gone with its pod{{ end }}. In earnest name a Redis of your own in config.redis.
{{- end }}
{{- if eq (include "chatgate.fewest" . | int) 1 }}
WARNING: there is one replica: while a node is drained or fails, nobody signs in.
{{- end }}
{{- if eq .Values.updateStrategy.type "Recreate" }}
WARNING: updateStrategy.type Recreate stops every pod before the next one starts: nobody signs in meanwhile.
{{- end }}
{{- if .Values.secrets }}
WARNING: secrets stand in the values, and so in Helm's release record. In earnest use existingSecret.
{{- end }}
{{- if $config.listen.pprof }}
WARNING: config.listen.pprof shows what is in the gateway's memory to whoever reaches the port for metrics.
{{- end }}
{{- if .Values.serviceAccount.automount }}
WARNING: serviceAccount.automount gives pods a token for Kubernetes, which the gateway never uses.
{{- end }}
{{- include "chatgate.notes.privileges" . }}
{{- if and (ne .Values.service.type "ClusterIP") (not $config.trustedProxies) }}
WARNING: service.type is {{ .Values.service.type }} and config.trustedProxies is empty: behind a proxy or balancer that hides people's addresses everybody comes from one, and shares its limits.
{{- end }}
{{- range $key, $provider := $config.providers }}
{{- if $provider.trustEmail }}
WARNING: config.providers.{{ $key }}.trustEmail takes every address there as verified: whoever may choose theirs may take somebody's account.
{{- end }}
{{- end }}
{{- range $chat, $section := $config.chats }}
{{- if ($section.api).allowHTTP }}
WARNING: config.chats.{{ $chat }}.api.allowHTTP sends secrets in clear text through the cluster's network.
{{- end }}
{{- if ($section.accounts).linkAdmins }}
WARNING: config.chats.{{ $chat }}.accounts.linkAdmins links administrators' accounts by e-mail address. Switch it off once they have signed in.
{{- end }}
{{- if has "username" (($section.accounts).linkBy | default list) }}
WARNING: config.chats.{{ $chat }}.accounts.linkBy username gives an account to whoever has its name at the provider.
{{- end }}
{{- end }}
{{- end }}

{{/* A line for each right that the standard "restricted" would not give. */}}
{{- define "chatgate.notes.privileges" -}}
{{- $container := .Values.securityContext | default dict -}}
{{- $pod := .Values.podSecurityContext | default dict -}}
{{- if $container.privileged }}
WARNING: securityContext.privileged gives whoever breaks into the gateway the whole node. Leave it out: the gateway needs no right.
{{- end }}
{{- range $key, $context := dict "podSecurityContext" $pod "securityContext" $container }}
{{- if and (hasKey $context "runAsUser") (eq (toString $context.runAsUser) "0") }}
WARNING: {{ $key }}.runAsUser 0 runs the gateway as root. Any other user will do.
{{- end }}
{{- if eq (toString $context.runAsNonRoot) "false" }}
WARNING: {{ $key }}.runAsNonRoot false lets an image run as root. The gateway's does not.
{{- end }}
{{- if eq (toString ($context.seccompProfile).type) "Unconfined" }}
WARNING: {{ $key }}.seccompProfile Unconfined leaves every system call open. RuntimeDefault does.
{{- end }}
{{- end }}
{{- if ne (toString $container.allowPrivilegeEscalation) "false" }}
WARNING: securityContext.allowPrivilegeEscalation is not false: a process may get more rights than it began with.
{{- end }}
{{- if ne (toString $container.readOnlyRootFilesystem) "true" }}
WARNING: securityContext.readOnlyRootFilesystem is not true: whoever breaks in may leave files behind. The gateway writes none.
{{- end }}
{{- $capabilities := $container.capabilities | default dict -}}
{{- with $capabilities.add }}
WARNING: securityContext.capabilities.add gives {{ join ", " . }}. The gateway needs none.
{{- end }}
{{- if not (has "ALL" ($capabilities.drop | default list)) }}
WARNING: securityContext.capabilities.drop lacks ALL: the runtime leaves some, which the gateway does not need.
{{- end }}
{{- end }}
