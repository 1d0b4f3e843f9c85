{{/* One value as an environment variable holds it: Helm reads all numbers as floating point and would write 6.7e+07. */}}
{{- define "leadflow.settingText" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- printf "%.0f" . -}}
{{- else -}}
{{- toString . -}}
{{- end -}}
{{- end -}}

{{/* Every setting that is no secret, {variable: text} as YAML. */}}
{{- define "leadflow.settings" -}}
{{- $all := dict -}}
{{- range $name, $value := .Values.settings -}}
{{- $_ := set $all (printf "LEADFLOW_%s" (snakecase $name | upper)) (include "leadflow.settingText" $value) -}}
{{- end -}}
{{- $_ := set $all "LEADFLOW_PORT" "8080" -}}
{{- $_ := set $all "LEADFLOW_DATA" "/data" -}}
{{- $_ := set $all "LEADFLOW_MODEL" (include "leadflow.model" .) -}}
{{- if eq .Values.mode "distributed" -}}
{{- $all = merge $all (include "leadflow.kafkaSettings" . | fromYaml) (include "leadflow.arangoSettings" . | fromYaml) -}}
{{- end -}}
{{- toYaml $all -}}
{{- end -}}

{{- define "leadflow.kafkaSettings" -}}
{{- $kafka := include "leadflow.kafka" . | fromYaml -}}
LEADFLOW_LOG: {{ printf "kafka://%s" (join "," $kafka.brokers) | quote }}
LEADFLOW_PARTITIONS: {{ include "leadflow.settingText" .Values.kafka.partitions | quote }}
LEADFLOW_KAFKA_SECURITY: {{ $kafka.security }}
{{- if $kafka.logsIn }}
LEADFLOW_KAFKA_MECHANISM: {{ $kafka.mechanism }}
LEADFLOW_KAFKA_USERNAME: {{ $kafka.username | quote }}
{{- end }}
{{- if $kafka.ca }}
LEADFLOW_KAFKA_CA_FILE: /etc/leadflow/kafka-ca/ca.crt
{{- end }}
{{- if $kafka.client }}
LEADFLOW_KAFKA_CERT_FILE: /etc/leadflow/kafka-client/tls.crt
LEADFLOW_KAFKA_KEY_FILE: /etc/leadflow/kafka-client/tls.key
{{- end }}
{{- end -}}

{{- define "leadflow.arangoSettings" -}}
{{- $arango := include "leadflow.arango" . | fromYaml -}}
LEADFLOW_STORE: {{ printf "arango://%s/%s" (join "," $arango.endpoints) .Values.arangodb.database | quote }}
LEADFLOW_ARANGO_USERNAME: {{ $arango.username | quote }}
LEADFLOW_ARANGO_TLS: {{ $arango.tls | quote }}
{{- if $arango.ca }}
LEADFLOW_ARANGO_CA_FILE: /etc/leadflow/arango-ca/ca.crt
{{- end }}
{{- end -}}

{{/* LEADFLOW_MODEL: the name of a shipped model, or the file that is mounted. */}}
{{- define "leadflow.model" -}}
{{- if or .Values.model.file .Values.model.existingConfigMap -}}
/etc/leadflow/model/model.yaml
{{- else -}}
{{ .Values.model.name }}
{{- end -}}
{{- end -}}
