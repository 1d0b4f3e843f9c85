{{/* The chart's name. */}}
{{- define "leadflow.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* What all names begin with. Short enough for every suffix: a label holds 63 characters, a StatefulSet needs 11 of its own. */}}
{{- define "leadflow.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of one component's objects. Takes {root, component}. */}}
{{- define "leadflow.componentName" -}}
{{- printf "%s-%s" (include "leadflow.fullname" .root) .component -}}
{{- end -}}

{{- define "leadflow.serviceAccountName" -}}
{{- $default := ternary (include "leadflow.fullname" .) "default" .Values.serviceAccount.create -}}
{{- default $default .Values.serviceAccount.name -}}
{{- end -}}

{{/* The key of a component's values: `admin-api` is `adminApi`. */}}
{{- define "leadflow.valuesKey" -}}
{{- . | camelcase | untitle -}}
{{- end -}}

{{/* A component's values over those of all pods, as YAML. Takes {root, component}. */}}
{{- define "leadflow.componentValues" -}}
{{- $own := index .root.Values (include "leadflow.valuesKey" .component) | default dict -}}
{{- toYaml (mergeOverwrite (deepCopy .root.Values.pods) (deepCopy $own)) -}}
{{- end -}}

{{/* The components that run in this mode, as a JSON list under `names`. */}}
{{- define "leadflow.components" -}}
{{- $distributed := list "observer" "processor" "scoring" "admin-api" -}}
{{- dict "names" (ternary $distributed (list "embedded") (eq .Values.mode "distributed")) | toJson -}}
{{- end -}}
