{{/* The image of a component. Takes {root, values}. */}}
{{- define "leadflow.image" -}}
{{- $image := .root.Values.image -}}
{{- $repository := dig "image" "repository" "" .values | default $image.repository -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $repository $image.digest }}
{{- else -}}
{{ printf "%s:%s" $repository (default .root.Chart.AppVersion $image.tag) }}
{{- end -}}
{{- end -}}
