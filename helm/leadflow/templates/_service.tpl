{{/* The Service of a component; without a port of its own for users it is headless, for Prometheus alone. Takes {root, component}. */}}
{{- define "leadflow.service" -}}
{{- $service := (include "leadflow.componentValues" . | fromYaml).service -}}
apiVersion: v1
kind: Service
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
  {{- with ($service | default dict).annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  {{- if $service }}
  type: {{ $service.type }}
  {{- else }}
  clusterIP: None
  {{- end }}
  selector:
    {{- include "leadflow.componentSelector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ ($service | default dict).port | default 8080 }}
      targetPort: http
{{- end -}}
