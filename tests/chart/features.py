"""Every feature that values can switch on, by name: what an operator would write to have it."""

from chart.render import Json

_ROUTE: Json = {"enabled": True, "parentRefs": [{"name": "web", "namespace": "gateways"}], "hostnames": ["a.example"]}
_INGRESS: Json = {"enabled": True, "className": "nginx", "hosts": ["a.example"], "tlsSecret": "certificate"}
_STRIMZI: Json = {"brokers": [], "strimzi": {"enabled": True}}
_APART: Json = {"enabled": True, "controllers": {"replicas": 3}}
_CLASS: Json = {"storageClass": "fast"}
_LOGIN: Json = {"security": "sasl_ssl", "username": "leadflow"}
_OPERATOR: Json = {"endpoints": [], "passwordSecret": {"name": "arangodb-root", "key": "password"}}
_ARANGODB: Json = _OPERATOR | {"operator": {"enabled": True, "image": "arangodb/arangodb:3.12.5"}}
_SINGLE: Json = _OPERATOR | {"operator": {"enabled": True, "image": "arangodb/arangodb:3.12.5", "mode": "Single"}}
_BACKUP: Json = {"enabled": True, "repositoryURL": "s3://backups/leadflow", "existingSecret": "backups"}

# In both modes.
ANYWHERE: dict[str, Json] = {
    "monitors": {"monitoring": {"serviceMonitor": {"enabled": True, "labels": {"release": "prometheus"}}}},
    "rules": {"monitoring": {"rules": {"enabled": True, "labels": {"release": "prometheus"}}}},
    "dashboards": {"monitoring": {"dashboards": {"enabled": True, "annotations": {"grafana_folder": "Leadflow"}}}},
    "network policies": {
        "networkPolicy": {
            "enabled": True,
            "observerFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "ingress"}}}],
            "extraEgress": [{"ports": [{"protocol": "TCP", "port": 4317}]}],
        }
    },
    "a model file": {"model": {"file": "name: mine\nrules: []\n"}},
    "a pinned image": {"image": {"digest": f"sha256:{'0' * 64}"}, "imagePullSecrets": [{"name": "registry"}]},
    "an account of one's own": {"serviceAccount": {"create": False, "name": "leads"}},
    "places": {
        "pods": {
            "nodeSelector": {"pool": "leads"},
            "tolerations": [{"key": "leads", "operator": "Exists"}],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            "priorityClassName": "system-cluster-critical",
        }
    },
    "extras": {
        "pods": {
            "podLabels": {"team": "leads"},
            "podAnnotations": {"note": "any"},
            "extraEnv": [{"name": "TZ", "value": "UTC"}],
            "extraVolumes": [{"name": "more", "configMap": {"name": "more"}}],
            "extraVolumeMounts": [{"name": "more", "mountPath": "/more"}],
        }
    },
    "manifests of one's own": {
        "extraManifests": [
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {
                    "name": "{{ .Release.Name }}-more",
                    "namespace": "{{ .Release.Namespace }}",
                    "labels": {
                        "app.kubernetes.io/instance": "{{ .Release.Name }}",
                        "app.kubernetes.io/managed-by": "Helm",
                        "app.kubernetes.io/part-of": "leadflow",
                        "app.kubernetes.io/name": "more",
                        "app.kubernetes.io/version": "1",
                        "helm.sh/chart": "leadflow",
                    },
                },
                "data": {"any": "thing"},
            }
        ]
    },
}
# Over Kafka and ArangoDB, all of them at once if one likes.
DISTRIBUTED: dict[str, Json] = {
    "autoscaled observers": {"observer": {"autoscaling": {"enabled": True, "targetInFlight": 64}}},
    "autoscaled processors": {"processor": {"autoscaling": {"enabled": True}}},
    "autoscaled scoring": {"scoring": {"autoscaling": {"enabled": True, "maxReplicas": 4}}},
    "ingresses": {"observer": {"ingress": _INGRESS}, "adminApi": {"ingress": _INGRESS}},
    "routes": {"observer": {"httpRoute": _ROUTE}, "adminApi": {"httpRoute": _ROUTE}},
    "Kafka by Strimzi": {"kafka": _STRIMZI | {"security": "sasl_ssl"}},
    "controllers of their own": {
        "kafka": {"brokers": [], "strimzi": {"enabled": True, "controllers": {"replicas": 3}}}
    },
    "ArangoDB by its operator": {"arangodb": _ARANGODB | {"tls": {"enabled": True}}},
    "backups": {"arangodb": _OPERATOR | {"operator": _ARANGODB["operator"] | {"backup": _BACKUP}}},
    "one class of storage": {
        "kafka": {"strimzi": {"storageClass": "fast"}},
        "arangodb": {"operator": {"storageClass": "fast"}},
    },
}
# Each excludes something above.
APART: dict[str, Json] = {
    "no budgets": {name: {"pdb": {"enabled": False}} for name in ("observer", "processor", "scoring", "adminApi")},
    "one of each": {name: {"replicas": 1} for name in ("observer", "processor", "scoring", "adminApi")},
    "a model of one's own": {"model": {"existingConfigMap": "models", "key": "leads.yaml"}},
    "Kafka by Strimzi in the clear": {"kafka": _STRIMZI},
    "one ArangoDB by its operator": {"arangodb": _SINGLE},
    "a login": {"kafka": _LOGIN | {"passwordSecret": {"name": "kafka", "key": "password"}}},
    "a login that scales": {
        "kafka": _LOGIN | {"tls": {"ca": {"existingSecret": "authorities"}}},
        "processor": {"autoscaling": {"enabled": True}},
    },
    "certificates": {
        "kafka": {
            "security": "ssl",
            "tls": {"ca": {"existingConfigMap": "authorities"}, "client": {"existingSecret": "certificate"}},
        },
        "arangodb": {"tls": {"enabled": True, "ca": {"existingSecret": "authorities", "key": "arangodb.crt"}}},
        "scoring": {"autoscaling": {"enabled": True}},
    },
}
# One pod with a volume.
EMBEDDED: dict[str, Json] = {
    "an ingress": {"embedded": {"ingress": _INGRESS}},
    "a route": {"embedded": {"httpRoute": _ROUTE}},
    "secrets of one's own": {"secrets": {"existingSecret": "leadflow-secrets"}},
    "a class of storage": {"embedded": {"volume": {"size": "1Gi", "storageClass": "fast"}}},
}
