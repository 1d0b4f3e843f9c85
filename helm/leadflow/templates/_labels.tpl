{{/* Labels of everything. */}}
{{- define "leadflow.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 }}
app.kubernetes.io/part-of: leadflow
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{ include "leadflow.releaseSelector" . }}
{{- end -}}

{{/* What tells one release from others. */}}
{{- define "leadflow.releaseSelector" -}}
app.kubernetes.io/name: {{ include "leadflow.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of one component's objects. Takes {root, component}. */}}
{{- define "leadflow.componentLabels" -}}
{{ include "leadflow.labels" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* What selects one component's pods; never to be changed: a Deployment's selector is fixed. Takes {root, component}. */}}
{{- define "leadflow.componentSelector" -}}
{{ include "leadflow.releaseSelector" .root }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Name, namespace and labels of one component's object. Takes {root, component}. */}}
{{- define "leadflow.componentMetadata" -}}
name: {{ include "leadflow.componentName" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "leadflow.componentLabels" . | nindent 2 }}
{{- end -}}
