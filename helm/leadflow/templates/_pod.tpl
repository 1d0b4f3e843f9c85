{{/* The pod template of a service. Takes {root, component, command: what the program is asked to do}. */}}
{{- define "leadflow.podTemplate" -}}
{{- $values := include "leadflow.componentValues" . | fromYaml -}}
{{- $context := merge (dict "values" $values) . -}}
metadata:
  labels:
    {{- include "leadflow.componentLabels" . | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    checksum/config: {{ include "leadflow.settings" .root | sha256sum }}
    {{- if and .root.Values.model.file (include "leadflow.readsModel" .component) }}
    checksum/model: {{ sha256sum .root.Values.model.file }}
    {{- end }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- include "leadflow.podPlace" $context | nindent 2 }}
  terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
  containers:
    - name: {{ .component }}
      image: {{ include "leadflow.image" $context }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      args: [{{ .command }}]
      envFrom:
        - configMapRef:
            name: {{ include "leadflow.fullname" .root }}-settings
      {{- with include "leadflow.env" $context }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      ports:
        - name: http
          containerPort: 8080
      {{- include "leadflow.probes" . | nindent 6 }}
      {{- with $values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        {{- toYaml $values.containerSecurityContext | nindent 8 }}
      volumeMounts:
        - name: tmp
          mountPath: /tmp
        {{- if eq .component "embedded" }}
        - name: data
          mountPath: /data
        {{- end }}
        {{- with include "leadflow.fileMounts" . | trim }}
        {{- . | nindent 8 }}
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
  volumes:
    - name: tmp
      emptyDir:
        sizeLimit: 64Mi
    {{- with include "leadflow.fileVolumes" . | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* Where a pod runs, as whom. Takes {root, component, values}. */}}
{{- define "leadflow.podPlace" -}}
automountServiceAccountToken: false
{{- /* A hook runs before the release's own account is there. */}}
{{- if not (and .root.Values.serviceAccount.create (eq .component "init")) }}
serviceAccountName: {{ include "leadflow.serviceAccountName" .root }}
{{- end }}
{{- /* Or each Service of the namespace would be a LEADFLOW_…_PORT that no setting reads. */}}
enableServiceLinks: false
securityContext:
  {{- toYaml .values.podSecurityContext | nindent 2 }}
{{- with .root.Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with ternary dict .values.affinity (eq .component "test") }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- if .values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- toYaml .values.topologySpreadConstraints | nindent 2 }}
{{- else if not (has .component (list "embedded" "init" "test")) }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "leadflow.componentSelector" $ | nindent 8 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* Alive from the first moment, also while servers are away; ready when it can do its work, which asks them (2 s at most). */}}
{{- define "leadflow.probes" -}}
startupProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 4
  failureThreshold: 2
{{- end -}}
