{{/* The image of a component: its own tag or digest stands over those of all. Takes {root, values}. */}}
{{- define "leadflow.image" -}}
{{- $all := .root.Values.image -}}
{{- $own := dig "image" dict .values -}}
{{- $repository := default $all.repository $own.repository -}}
{{- $digest := ternary $own.digest $all.digest (not (and (empty $own.tag) (empty $own.digest))) -}}
{{- if $digest -}}
{{ printf "%s@%s" $repository $digest }}
{{- else -}}
{{ printf "%s:%s" $repository (coalesce $own.tag $all.tag .root.Chart.AppVersion) }}
{{- end -}}
{{- end -}}
