{{/* The ServiceMonitor of a component. Takes {root, component}. */}}
{{- define "leadflow.serviceMonitor" -}}
{{- $monitor := .root.Values.monitoring.serviceMonitor -}}
{{- if $monitor.enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
    {{- with $monitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  # The job of each series is the component: observer, processor …
  jobLabel: app.kubernetes.io/component
  selector:
    matchLabels:
      {{- include "leadflow.componentSelector" . | nindent 6 }}
  endpoints:
    - port: http
      path: /metrics
      interval: {{ $monitor.interval }}
      # leadflow_runtime_build_info tells its `service` itself: observer, not the name of an object.
      honorLabels: true
{{- end -}}
{{- end -}}
