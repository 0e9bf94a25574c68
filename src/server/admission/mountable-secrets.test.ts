import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod, ServiceAccount } from '../../api/core/v1/index.js'
import { mirrorObjection, unlistedEphemeralSecret, unlistedSecret } from './mountable-secrets.js'

const account = (enforced?: string) =>
  ({
    metadata: { name: 'a', annotations: enforced ? { 'kubernetes.io/enforce-mountable-secrets': enforced } : {} },
    secrets: [{ name: 'own' }],
    imagePullSecrets: [{ name: 'pull' }],
  }) as unknown as ServiceAccount
const variable = (name: string) => ({ name: 'V', valueFrom: { secretKeyRef: { name, key: 'k' } } })
const from = (name: string) => ({ secretRef: { name } })
const volume = (secretName: string) => ({ name: 'v', secret: { secretName } })
const denied = 'is not allowed because service account a does not reference that'

test('accounts may list the secrets that their pods use', () => {
  for (const [spec, why] of [
    [{ volumes: [volume('own')], imagePullSecrets: [{ name: 'pull' }] }, undefined],
    [{ containers: [{ name: 'c', env: [variable('own')], envFrom: [from('own')] }] }, undefined],
    [{ volumes: [volume('x')] }, `volume with secret.secretName="x" ${denied} secret`],
    [
      { initContainers: [{ name: 'i', env: [variable('x')] }] },
      `init container i with envVar V referencing secret.secretName="x" ${denied} secret`,
    ],
    [
      { containers: [{ name: 'c', envFrom: [from('own'), from('x')] }] },
      `container c with envFrom referencing secret.secretName="x" ${denied} secret`,
    ],
    [
      { imagePullSecrets: [{ name: 'pull' }, { name: 'own' }] },
      `imagePullSecrets[1].name="own" ${denied} imagePullSecret`,
    ],
  ] as const) {
    assert.equal(unlistedSecret(account('true'), spec as unknown as Pod['spec']), why)
    for (const enforced of ['false', 'yes', undefined])
      assert.equal(unlistedSecret(account(enforced), spec as unknown as Pod['spec']), undefined)
  }
  const added = { ephemeralContainers: [{ name: 'e', env: [variable('x')] }] } as unknown as Pod['spec']
  assert.equal(
    unlistedEphemeralSecret(account('true'), added),
    `ephemeral container e with envVar V referencing secret.secretName="x" ${denied} secret`,
  )
  assert.equal(unlistedEphemeralSecret(account(), added), undefined)
})

test('mirror pods use nothing of accounts', () => {
  const token = { name: 't', projected: { sources: [{ serviceAccountToken: { path: 't' } }] } }
  for (const [spec, why] of [
    [{ containers: [{ name: 'c' }] }, undefined],
    [{ serviceAccountName: 'a', volumes: [volume('x')] }, 'a mirror pod may not reference service accounts'],
    [{ volumes: [volume('x')] }, 'a mirror pod may not reference secrets'],
    [{ imagePullSecrets: [{ name: 'x' }] }, 'a mirror pod may not reference secrets'],
    [{ volumes: [token] }, 'a mirror pod may not use ServiceAccountToken volume projections'],
  ] as const)
    assert.equal(mirrorObjection(spec as unknown as Pod['spec']), why)
})
