// Pods as benchmarks create them.

/** A pod such as people write by hand; without a name, the server makes one up. */
export const smallPod = name => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { ...(name ? { name } : { generateName: 'small-' }), namespace: 'default', labels: { app: 'small' } },
  spec: {
    containers: [
      {
        name: 'web',
        image: 'nginx:1.27',
        ports: [{ containerPort: 80 }],
        resources: { requests: { cpu: '100m', memory: '64Mi' } },
      },
    ],
  },
})

const variables = count =>
  Array.from({ length: count }, (_, i) => ({ name: `SETTING_${i}`, value: `value-of-setting-${i}` }))

const probe = (path, periodSeconds) => ({ httpGet: { path, port: 'http' }, initialDelaySeconds: 5, periodSeconds })

const container = (name, image, port) => ({
  name,
  image,

  ports: [{ name: 'http', containerPort: port, protocol: 'TCP' }],
  env: variables(5),
  resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  readinessProbe: probe('/ready', 10),
  livenessProbe: probe('/live', 20),
  volumeMounts: [
    { name: 'config', mountPath: '/etc/config' },
    { name: 'data', mountPath: '/var/lib/data' },
  ],
  securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } },
})

/** A pod as deployments have them in earnest: some 7.5 KB once it is stored. */
export const bigPod = i => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `big-${i}`,
    namespace: 'default',
    labels: {
      app: `app-${i % 50}`,
      tier: 'backend',
      'app.kubernetes.io/name': 'big',
      'pod-template-hash': '7d4b9c6f5d',
    },
    annotations: {
      'prometheus.io/scrape': 'true',
      'prometheus.io/port': '8080',
      'checksum/config': '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: `big-${i % 50}`,
        uid: `00000000-0000-4000-8000-${String(i % 50).padStart(12, '0')}`,
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000 },
    containers: [
      container('main', 'registry.example.com/team/big:1.2.3', 8080),
      container('sidecar', 'envoy:1.30', 9090),
    ],
    volumes: [
      { name: 'config', configMap: { name: 'big-config' } },
      { name: 'data', emptyDir: {} },
    ],
  },
})
