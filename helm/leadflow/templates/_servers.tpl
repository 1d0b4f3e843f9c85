{{/* How Kafka is reached, whether it stands outside or Strimzi makes it here: {brokers, security, mechanism, username, password, ca, client}, as YAML. */}}
{{- define "leadflow.kafka" -}}
{{- $kafka := .Values.kafka -}}
{{- $reach := dict "security" $kafka.security "mechanism" $kafka.mechanism "brokers" $kafka.brokers -}}
{{- $_ := set $reach "username" $kafka.username -}}
{{- $_ := set $reach "password" $kafka.passwordSecret -}}
{{- $_ := set $reach "ca" $kafka.tls.ca -}}
{{- $_ := set $reach "client" $kafka.tls.client -}}
{{- if $kafka.strimzi.enabled -}}
{{- $cluster := include "leadflow.kafkaCluster" . -}}
{{- $user := include "leadflow.fullname" . -}}
{{- $_ := set $reach "brokers" (list (printf "%s-kafka-bootstrap:9092" $cluster)) -}}
{{- $_ := set $reach "username" $user -}}
{{- $_ := set $reach "password" (dict "name" $user "key" "password") -}}
{{- $_ := set $reach "ca" (dict "existingSecret" (printf "%s-cluster-ca-cert" $cluster) "key" "ca.crt") -}}
{{- end -}}
{{- $_ := set $reach "logsIn" (hasPrefix "sasl_" $kafka.security) -}}
{{- $_ := set $reach "encrypts" (has $kafka.security (list "ssl" "sasl_ssl")) -}}
{{- if not $reach.encrypts -}}
{{- $_ := set $reach "ca" dict -}}
{{- $_ := set $reach "client" dict -}}
{{- end -}}
{{- toYaml $reach -}}
{{- end -}}

{{/* The name of the Kafka that Strimzi makes. */}}
{{- define "leadflow.kafkaCluster" -}}
{{- include "leadflow.fullname" . -}}
{{- end -}}

{{/* How ArangoDB is reached, whether it stands outside or its operator makes it here: {endpoints, username, password, tls, ca}, as YAML. */}}
{{- define "leadflow.arango" -}}
{{- $arango := .Values.arangodb -}}
{{- $reach := dict "endpoints" $arango.endpoints "username" $arango.username "password" $arango.passwordSecret -}}
{{- $_ := set $reach "tls" $arango.tls.enabled -}}
{{- $_ := set $reach "ca" (ternary $arango.tls.ca dict $arango.tls.enabled) -}}
{{- if $arango.operator.enabled -}}
{{- $deployment := include "leadflow.arangoDeployment" . -}}
{{- $_ := set $reach "endpoints" (list (printf "%s:8529" $deployment)) -}}
{{- $_ := set $reach "username" "root" -}}
{{- if $arango.tls.enabled -}}
{{- $_ := set $reach "ca" (dict "existingSecret" (printf "%s-ca" $deployment) "key" "ca.crt") -}}
{{- end -}}
{{- end -}}
{{- toYaml $reach -}}
{{- end -}}

{{/* The name of the ArangoDB that its operator makes. */}}
{{- define "leadflow.arangoDeployment" -}}
{{- include "leadflow.fullname" . }}-arangodb
{{- end -}}

{{/* The ports of `host:port` entries, each once, as a JSON list under `ports`. */}}
{{- define "leadflow.portsOf" -}}
{{- $ports := list -}}
{{- range . -}}
{{- $ports = append $ports (splitList ":" . | last | int) -}}
{{- end -}}
{{- dict "ports" (uniq $ports) | toJson -}}
{{- end -}}

{{/* Whether this release makes a server itself: `leadflow init` cannot run before it then. */}}
{{- define "leadflow.makesServers" -}}
{{- if or .Values.kafka.strimzi.enabled .Values.arangodb.operator.enabled }}true{{ end -}}
{{- end -}}

{{/* Copies of each topic in the Kafka that Strimzi makes, as `leadflow init` decides it. */}}
{{- define "leadflow.kafkaCopies" -}}
{{- dig "kafkaReplication" (min 3 .Values.kafka.strimzi.brokers.replicas) .Values.settings -}}
{{- end -}}
