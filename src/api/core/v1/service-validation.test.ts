import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from './service.js'
import { validateService } from './service-validation.js'

test('load balancers do not stand in for the kubelet', () => {
  const service = (type: string): Service =>
    ({
      metadata: {},
      spec: {
        type,
        ports: [{ port: 10_250, protocol: 'TCP', targetPort: 1 }],
        sessionAffinity: 'None',
        externalTrafficPolicy: 'Cluster',
        internalTrafficPolicy: 'Cluster',
        ...(type === 'LoadBalancer' ? { allocateLoadBalancerNodePorts: true } : {}),
      },
      status: { loadBalancer: {} },
    }) as unknown as Service
  const message = 'Invalid value: 10250: may not expose port 10250 externally since it is used by kubelet'
  assert.deepEqual(
    validateService(service('LoadBalancer')).map(({ field, message }) => [field, message]),
    [['spec.ports[0]', message]],
  )
  assert.deepEqual(validateService(service('NodePort')), [])
})
