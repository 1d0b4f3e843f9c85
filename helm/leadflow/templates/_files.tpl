{{/* The files that a component reads: authorities, certificates, a model. A list of {name, folder, source, items} as JSON under `files`. Takes {root, component}. */}}
{{- define "leadflow.filesOf" -}}
{{- $values := .root.Values -}}
{{- $files := list -}}
{{- if and (eq $values.mode "distributed") (ne .component "embedded") -}}
{{- $ca := $values.kafka.tls.ca -}}
{{- if or $ca.existingSecret $ca.existingConfigMap -}}
{{- $files = append $files (dict "name" "kafka-ca" "from" $ca "items" (dict (default "ca.crt" $ca.key) "ca.crt")) -}}
{{- end -}}
{{- $client := $values.kafka.tls.client -}}
{{- if $client.existingSecret -}}
{{- $items := dict (default "tls.crt" $client.certKey) "tls.crt" (default "tls.key" $client.keyKey) "tls.key" -}}
{{- $files = append $files (dict "name" "kafka-client" "from" $client "items" $items) -}}
{{- end -}}
{{- $ca = $values.arangodb.tls.ca -}}
{{- if and (ne .component "observer") (or $ca.existingSecret $ca.existingConfigMap) -}}
{{- $files = append $files (dict "name" "arango-ca" "from" $ca "items" (dict (default "ca.crt" $ca.key) "ca.crt")) -}}
{{- end -}}
{{- end -}}
{{- if has .component (list "embedded" "scoring" "admin-api") -}}
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
