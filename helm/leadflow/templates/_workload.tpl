{{/* The Deployment of a service. Takes {root, component}. */}}
{{- define "leadflow.deployment" -}}
{{- $values := include "leadflow.componentValues" . | fromYaml -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false $values) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy:
    {{- toYaml $values.strategy | nindent 4 }}
  selector:
    matchLabels:
      {{- include "leadflow.componentSelector" . | nindent 6 }}
  template:
    {{- include "leadflow.podTemplate" (merge (dict "command" .component) .) | nindent 4 }}
{{- end -}}
