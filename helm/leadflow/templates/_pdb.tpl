{{/* How many pods a component has at least. Takes its values. */}}
{{- define "leadflow.fewest" -}}
{{- if dig "autoscaling" "enabled" false . -}}
{{- .autoscaling.minReplicas | default .replicas -}}
{{- else -}}
{{- .replicas -}}
{{- end -}}
{{- end -}}

{{/* The PodDisruptionBudget of a service: above one pod only, or it would block every eviction. Takes {root, component}. */}}
{{- define "leadflow.pdb" -}}
{{- $values := include "leadflow.componentValues" . | fromYaml -}}
{{- if and $values.pdb.enabled (gt (include "leadflow.fewest" $values | int) 1) -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
spec:
  maxUnavailable: {{ $values.pdb.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "leadflow.componentSelector" . | nindent 6 }}
{{- end -}}
{{- end -}}
