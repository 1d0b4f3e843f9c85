"""A real API server of Kubernetes, without a cluster: `python -m tools.kube_apiserver` (needs Go, etcd, kubectl)."""
