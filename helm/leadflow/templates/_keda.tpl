{{/* The most pods of a consumer: never more than partitions, the others would have nothing to do. Takes {root, values}. */}}
{{- define "leadflow.mostConsumers" -}}
{{- .values.autoscaling.maxReplicas | default .root.Values.kafka.partitions -}}
{{- end -}}

{{- define "leadflow.topicPrefix" -}}
{{- dig "topicPrefix" "leadflow." .Values.settings -}}
{{- end -}}

{{/*
The ScaledObject of a consumer, on the lag of one topic. Takes {root, component, topic}.
A commit leaves a mark of its transaction behind the last record: a lag of one per partition is none.
*/}}
{{- define "leadflow.scaledObject" -}}
{{- $values := include "leadflow.componentValues" . | fromYaml -}}
{{- $scaling := $values.autoscaling -}}
{{- if $scaling.enabled -}}
{{- $prefix := include "leadflow.topicPrefix" .root -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  {{- include "leadflow.componentMetadata" . | nindent 2 }}
spec:
  scaleTargetRef:
    name: {{ include "leadflow.componentName" . }}
  minReplicaCount: {{ include "leadflow.fewest" $values }}
  maxReplicaCount: {{ include "leadflow.mostConsumers" (dict "root" .root "values" $values) }}
  pollingInterval: {{ $scaling.pollingInterval }}
  # Where the lag cannot be read.
  fallback:
    failureThreshold: 3
    replicas: {{ include "leadflow.fewest" $values }}
  advanced:
    horizontalPodAutoscalerConfig:
      # Each pod that comes or goes stops all of its kind for a moment: seldom, and several at once.
      behavior:
        scaleUp:
          stabilizationWindowSeconds: 60
          policies:
            - {type: Percent, value: 100, periodSeconds: 120}
        scaleDown:
          stabilizationWindowSeconds: 600
          policies:
            - {type: Percent, value: 50, periodSeconds: 300}
  triggers:
    - type: kafka
      metadata:
        bootstrapServers: {{ join "," (include "leadflow.kafka" .root | fromYaml).brokers | quote }}
        consumerGroup: {{ printf "%s%s.%s" $prefix .component .topic }}
        topic: {{ printf "%s%s" $prefix .topic }}
        lagThreshold: {{ include "leadflow.settingText" $scaling.lagThreshold | quote }}
        offsetResetPolicy: earliest
        # Kafka 4 speaks to no client as old as the scaler's default.
        version: 3.6.0
        {{- with include "leadflow.kedaSecurity" .root | trim }}
        {{- . | nindent 8 }}
        {{- end }}
      {{- if include "leadflow.kedaCredentials" .root | trim }}
      authenticationRef:
        name: {{ include "leadflow.fullname" .root }}-kafka
      {{- end }}
{{- end -}}
{{- end -}}

{{- define "leadflow.kedaSecurity" -}}
{{- $kafka := include "leadflow.kafka" . | fromYaml -}}
{{- if $kafka.encrypts -}}
tls: enable
{{- end }}
{{- if $kafka.logsIn }}
sasl: {{ get (dict "PLAIN" "plaintext" "SCRAM-SHA-256" "scram_sha256" "SCRAM-SHA-512" "scram_sha512") $kafka.mechanism }}
{{- end -}}
{{- end -}}

{{/* What a TriggerAuthentication takes from where: user, password, authorities, certificate; empty where none is needed. */}}
{{- define "leadflow.kedaCredentials" -}}
{{- $kafka := include "leadflow.kafka" . | fromYaml -}}
{{- $configMaps := list }}
{{- $secrets := list }}
{{- if $kafka.logsIn }}
{{- $settings := printf "%s-settings" (include "leadflow.fullname" .) }}
{{- $configMaps = append $configMaps (dict "parameter" "username" "name" $settings "key" "LEADFLOW_KAFKA_USERNAME") }}
{{- $password := include "leadflow.secretKey" (dict "root" $ "secret" "kafkaPassword") | fromYaml }}
{{- $secrets = append $secrets (merge (dict "parameter" "password") $password) }}
{{- end }}
{{- with $kafka.ca.existingConfigMap }}
{{- $configMaps = append $configMaps (dict "parameter" "ca" "name" . "key" (default "ca.crt" $kafka.ca.key)) }}
{{- end }}
{{- with $kafka.ca.existingSecret }}
{{- $secrets = append $secrets (dict "parameter" "ca" "name" . "key" (default "ca.crt" $kafka.ca.key)) }}
{{- end }}
{{- with $kafka.client.existingSecret }}
{{- $secrets = append $secrets (dict "parameter" "cert" "name" . "key" (default "tls.crt" $kafka.client.certKey)) }}
{{- $secrets = append $secrets (dict "parameter" "key" "name" . "key" (default "tls.key" $kafka.client.keyKey)) }}
{{- end }}
{{- with $configMaps }}
configMapTargetRef:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $secrets }}
secretTargetRef:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
