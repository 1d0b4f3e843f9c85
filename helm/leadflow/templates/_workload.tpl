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
  {{- /* Who sets another type alone leaves the numbers of the former one behind, which Kubernetes refuses. */}}
  {{- $recreate := eq $values.strategy.type "Recreate" }}
  strategy:
    {{- toYaml (ternary (dict "type" "Recreate") $values.strategy $recreate) | nindent 4 }}
  selector:
    matchLabels:
      {{- include "leadflow.componentSelector" . | nindent 6 }}
  template:
    {{- include "leadflow.podTemplate" (merge (dict "command" .component) .) | nindent 4 }}
{{- end -}}

{{/* Tells one job of `leadflow init` from another: whatever it depends on, in eight digits. Takes {root, component, values}. */}}
{{- define "leadflow.initDigest" -}}
{{- $inputs := list (include "leadflow.settings" .root) (toYaml .values) (include "leadflow.image" .) .root.Chart.Version -}}
{{- $inputs = append $inputs (include "leadflow.env" .) -}}
{{- join "\n" $inputs | sha256sum | trunc 8 -}}
{{- end -}}
