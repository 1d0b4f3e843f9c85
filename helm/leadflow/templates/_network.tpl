{{/* The head of a policy. Takes {root, name, pods: the components that it is for}. */}}
{{- define "leadflow.networkPolicy" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ printf "%s-%s" (include "leadflow.fullname" .root) .name }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "leadflow.labels" .root | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "leadflow.releaseSelector" .root | nindent 6 }}
    matchExpressions:
      - {key: app.kubernetes.io/component, operator: In, values: {{ toJson .pods }}}
{{- end -}}

{{/* A rule to or from some peers (none: anybody) on TCP ports. Takes {direction: from or to, peers, ports}. */}}
{{- define "leadflow.networkRule" -}}
- ports:
    {{- range .ports }}
    - {protocol: TCP, port: {{ . }}}
    {{- end }}
  {{- with .peers }}
  {{ $.direction }}:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}

{{- define "leadflow.testPeer" -}}
podSelector:
  matchLabels:
    {{- include "leadflow.componentSelector" (dict "root" . "component" "test") | nindent 4 }}
{{- end -}}

{{/* All pods of the release, jobs and tests too, as a JSON list under `names`. */}}
{{- define "leadflow.allPods" -}}
{{- dict "names" (concat (include "leadflow.components" . | fromJson).names (list "init" "test")) | toJson -}}
{{- end -}}
