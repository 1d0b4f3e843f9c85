{{/* The secrets that a component needs, and only those: a list of the names in `secrets.keys`, as JSON under `names`. Takes {root, component}. */}}
{{- define "leadflow.secretsOf" -}}
{{- $needed := dict
  "embedded" (list "writeKeys" "adminToken" "hashSecret")
  "observer" (list "writeKeys" "hashSecret" "kafkaPassword")
  "processor" (list "hashSecret" "kafkaPassword" "arangoPassword")
  "scoring" (list "hashSecret" "kafkaPassword" "arangoPassword")
  "admin-api" (list "writeKeys" "adminToken" "hashSecret" "kafkaPassword" "arangoPassword")
  "init" (list "kafkaPassword" "arangoPassword")
  "test" (list "writeKeys" "adminToken")
-}}
{{- $names := get $needed .component -}}
{{- if not (hasPrefix "sasl_" .root.Values.kafka.security) -}}
{{- $names = without $names "kafkaPassword" -}}
{{- end -}}
{{- if and (eq .root.Values.mode "embedded") (not .root.Values.secrets.existingSecret) -}}
{{- $names = list -}}
{{- end -}}
{{- dict "names" $names | toJson -}}
{{- end -}}

{{/* Which Secret and key hold one of them, as YAML. Takes {root, secret}. */}}
{{- define "leadflow.secretKey" -}}
{{- $values := .root.Values -}}
{{- $kafka := include "leadflow.kafka" .root | fromYaml -}}
{{- $arango := include "leadflow.arango" .root | fromYaml -}}
{{- $apart := get (dict "kafkaPassword" $kafka.password "arangoPassword" $arango.password) .secret | default dict -}}
name: {{ default $values.secrets.existingSecret $apart.name }}
key: {{ default (get $values.secrets.keys .secret) $apart.key }}
{{- end -}}

{{/* Environment of a component's secrets, always as references. Takes {root, component}. */}}
{{- define "leadflow.secretEnv" -}}
{{- $root := .root -}}
{{- range (include "leadflow.secretsOf" . | fromJson).names }}
- name: LEADFLOW_{{ snakecase . | upper }}
  valueFrom:
    secretKeyRef:
      {{- include "leadflow.secretKey" (dict "root" $root "secret" .) | nindent 6 }}
{{- end }}
{{- end -}}

{{/* A component's environment beside the settings: its secrets, then what was asked for. Takes {root, component, values}. */}}
{{- define "leadflow.env" -}}
{{- $extra := ternary "" (toYaml .values.extraEnv) (empty .values.extraEnv) -}}
{{- printf "%s\n%s" (include "leadflow.secretEnv" .) $extra | trim -}}
{{- end -}}
