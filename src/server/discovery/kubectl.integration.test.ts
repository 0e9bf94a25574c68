import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { unpackKubectl } from '../../machinery/streaming/test-kubectl.js'
import { ToolBench } from './test-cluster-tools.js'

const manifest = (replicas: number, more = '') => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {colour: blue}
${more}---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: 'nginx:1', ports: [{containerPort: 80}]}]}
`

describe('kubectl', { timeout: 240_000 }, () => {
  let bench: ToolBench
  before(async () => {
    bench = await ToolBench.start(unpackKubectl)
  })
  after(() => bench[Symbol.asyncDispose]())

  const apply = (text: string, ...args: string[]) =>
    bench.try(['apply', '-f', '-', ...args], { input: Buffer.from(text) })

  it('validates what it applies, whichever operation it looks at', async () => {
    // It walks the paths of the documents in no order; with a cache of its own each time, it asks anew.
    for (let i = 0; i < 12; i++) {
      const home = join(bench.folder, `home-${i}`)
      await mkdir(home)
      const { code, stderr } = await bench.try(['apply', '-f', '-'], {
        input: Buffer.from(manifest(1)),
        env: { HOME: home, KUBECACHEDIR: join(home, 'cache') },
      })
      assert.equal(code, 0, stderr)
    }
    const { code, stderr } = await apply(manifest(1, 'dta: {a: b}\n'))
    assert.equal(code, 1)
    assert.match(stderr, /strict decoding error: unknown field "dta"/)
  })

  it('waits for what it applied', async () => {
    assert.match(await bench.run('rollout', 'status', 'deployment/web', '--timeout=60s'), /successfully rolled out/)
    await bench.run('wait', '--for=condition=Available', 'deployment/web', '--timeout=60s')
    await bench.run('wait', '--for=jsonpath={.data.colour}=blue', 'configmap/settings', '--timeout=10s')
  })

  it('shows what applying would change', async () => {
    const { code, stdout } = await bench.try(['diff', '-f', '-'], { input: Buffer.from(manifest(3)) })
    assert.equal(code, 1)
    assert.match(stdout, /^- {2}replicas: 1\n\+ {2}replicas: 3$/m)
    assert.equal((await bench.try(['diff', '-f', '-'], { input: Buffer.from(manifest(1)) })).code, 0)
  })

  it('applies on the server, and takes over with force', async () => {
    const { code, stderr } = await apply(manifest(2), '--server-side', '--field-manager=other')
    assert.equal(code, 1)
    assert.match(stderr, /conflict with "kubectl-client-side-apply" using apps\/v1: \.spec\.replicas/)
    assert.equal((await apply(manifest(2), '--server-side', '--field-manager=other', '--force-conflicts')).code, 0)
    assert.equal(await bench.run('get', 'deployment', 'web', '-o', 'jsonpath={.spec.replicas}'), '2')
  })

  it('edits with an editor', async () => {
    const editor = join(bench.folder, 'editor')
    await writeFile(editor, '#!/bin/sh\nsed -i s/blue/green/ "$1"\n', { mode: 0o755 })
    const { code, stdout, stderr } = await bench.try(['edit', 'configmap', 'settings'], {
      env: { KUBE_EDITOR: editor },
    })
    assert.equal(code, 0, stderr)
    assert.match(stdout, /configmap\/settings edited/)
    assert.equal(await bench.run('get', 'configmap', 'settings', '-o', 'jsonpath={.data.colour}'), 'green')
  })

  it('makes things on the server for show', async () => {
    const shown = await bench.run('create', 'deployment', 'shown', '--image=nginx:1', '--dry-run=server', '-o', 'json')
    const { metadata, spec } = JSON.parse(shown)
    assert.ok(metadata.uid)
    assert.equal(spec.template.spec.restartPolicy, 'Always')
    assert.equal((await bench.try(['get', 'deployment', 'shown'])).code, 1)
  })

  const explanations: readonly (readonly [args: readonly string[], expected: RegExp])[] = [
    [['pod.spec.containers.image'], /^KIND: +Pod\nVERSION: +v1\n\nFIELD: image <string>\n/],
    [
      ['deployment', '--recursive'],
      /^ {4}strategy\t<DeploymentStrategy>\n {6}rollingUpdate\t<RollingUpdateDeployment>$/m,
    ],
    [['pod.spec.restartPolicy'], /^ENUM:\n {4}Always\n {4}Never\n {4}OnFailure$/m],
    [['deployment.spec', '--output', 'plaintext-openapiv2'], /^ {3}selector\t<Object> -required-$/m],
    [['deployment', '--recursive', '--output', 'plaintext-openapiv2'], /^ {12}maxSurge\t<string>$/m],
    [['hpa', '--api-version=autoscaling/v1'], /^VERSION: +v1$/m],
    [['customresourcedefinition.spec.versions.schema'], /^ {2}openAPIV3Schema\t<JSONSchemaProps>$/m],
  ]
  for (const [args, expected] of explanations)
    it(`explains ${args.join(' ')}`, async () => assert.match(await bench.run('explain', ...args), expected))

  it('knows what there is', async () => {
    assert.match(
      await bench.run('api-resources', '-o', 'wide'),
      /^deployments +deploy +apps\/v1 +true +Deployment .* all$/m,
    )
    assert.match(await bench.run('api-versions'), /^autoscaling\/v1\nautoscaling\/v2\n/m)
    assert.match(await bench.run('get', 'all'), /^pod\/web-/m)
    assert.match(
      await bench.run('get', 'deployment', 'web', '--subresource=scale'),
      /^NAME +DESIRED +AVAILABLE +AGE\nweb +2 /,
    )
    const { stderr } = await bench.try(['get', 'endpoints'])
    assert.match(stderr, /Warning: v1 Endpoints is deprecated/)
  })

  it('scales, labels and deletes', async () => {
    await bench.run('scale', 'deployment', 'web', '--replicas=3')
    await bench.run('label', 'deployment', 'web', 'tier=front')
    assert.match(await bench.run('get', 'deployment', '-l', 'tier=front', '-o', 'name'), /deployment.apps\/web/)
    await bench.run('delete', 'deployment', 'web', '--timeout=60s')
  })
})
