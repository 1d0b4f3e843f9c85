{{/* The files that a component reads: authorities, certificates, a model. A list of {name, folder, source, items} as JSON under `files`. Takes {root, component}. */}}
{{- define "leadflow.filesOf" -}}
{{- $values := .root.Values -}}
{{- $files := list -}}
{{- if eq $values.mode "distributed" -}}
{{- $kafka := include "leadflow.kafka" .root | fromYaml -}}
{{- with $kafka.ca -}}
{{- $files = append $files (dict "name" "kafka-ca" "from" . "items" (dict (default "ca.crt" .key) "ca.crt")) -}}
{{- end -}}
{{- with $kafka.client -}}
{{- $items := dict (default "tls.crt" .certKey) "tls.crt" (default "tls.key" .keyKey) "tls.key" -}}
{{- $files = append $files (dict "name" "kafka-client" "from" . "items" $items) -}}
{{- end -}}
{{- $arango := include "leadflow.arango" .root | fromYaml -}}
{{- if and $arango.ca (ne .component "observer") -}}
{{- $items := dict (default "ca.crt" $arango.ca.key) "ca.crt" -}}
{{- $files = append $files (dict "name" "arango-ca" "from" $arango.ca "items" $items) -}}
{{- end -}}
{{- end -}}
{{- if include "leadflow.readsModel" .component -}}
{{- if $values.model.file -}}
{{- $from := dict "existingConfigMap" (printf "%s-model" (include "leadflow.fullname" .root)) -}}
{{- $files = append $files (dict "name" "model" "from" $from "items" (dict "model.yaml" "model.yaml")) -}}
{{- else if $values.model.existingConfigMap -}}
{{- $files = append $files (dict "name" "model" "from" $values.model "items" (dict $values.model.key "model.yaml")) -}}
{{- end -}}
{{- end -}}
{{- dict "files" $files | toJson -}}
{{- end -}}

{{- define "leadflow.fileVolumes" -}}
{{- range (include "leadflow.filesOf" . | fromJson).files }}
- name: {{ .name }}
  {{- if .from.existingSecret }}
  secret:
    secretName: {{ .from.existingSecret }}
    defaultMode: 0440
  {{- else }}
  configMap:
    name: {{ .from.existingConfigMap }}
  {{- end }}
    items:
      {{- range $key, $path := .items }}
      - key: {{ $key }}
        path: {{ $path }}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "leadflow.fileMounts" -}}
{{- range (include "leadflow.filesOf" . | fromJson).files }}
- name: {{ .name }}
  mountPath: /etc/leadflow/{{ .name }}
  readOnly: true
{{- end }}
{{- end -}}

{{/* Whether a component reads the scoring model. Takes its name. */}}
{{- define "leadflow.readsModel" -}}
{{- if has . (list "embedded" "scoring" "admin-api") }}true{{ end -}}
{{- end -}}
