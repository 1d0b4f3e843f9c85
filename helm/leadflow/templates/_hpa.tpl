{{/* The HorizontalPodAutoscaler of a service. Takes {root, component}. */}}
{{- define "leadflow.hpa" -}}
{{- $values := include "leadflow.componentValues" . | fromYaml -}}
{{- $scaling := $values.autoscaling -}}
{{- if $scaling.enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {{ include "leadflow.componentName" . }}
  minReplicas: {{ include "leadflow.fewest" $values }}
  maxReplicas: {{ $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: {{ $scaling.targetCPU }}
    {{- with $scaling.targetInFlight }}
    - type: Pods
      pods:
        metric:
          name: leadflow_observer_in_flight_requests
        target:
          type: AverageValue
          averageValue: {{ . | quote }}
    {{- end }}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: 300
{{- end -}}
{{- end -}}
