import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { ConfigMap, Secret, Service } from '../../api/core/v1/index.js'
import { untypedKind } from '../../client/discovery.js'
import { unpackHelm } from '../../machinery/streaming/test-kubectl.js'
import { ToolBench } from './test-cluster-tools.js'

const chart: { readonly [file: string]: string } = {
  'Chart.yaml': 'apiVersion: v2\nname: web\nversion: 0.1.0\nappVersion: "1.0"\n',
  'values.yaml': 'replicas: 1\ngreeting: hello\nservice: true\n',
  'templates/settings.yaml': `
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}-settings}
data:
  greeting: {{ .Values.greeting | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version }}
  autoscaling: {{ .Capabilities.APIVersions.Has "autoscaling/v2/HorizontalPodAutoscaler" | quote }}
`,
  'templates/deployment.yaml': `
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Release.Name }}}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: {{ .Release.Name }}}}
  template:
    metadata: {labels: {app: {{ .Release.Name }}}}
    spec: {containers: [{name: web, image: 'nginx:1', ports: [{containerPort: 80}]}]}
`,
  'templates/service.yaml': `
{{- if .Values.service }}
apiVersion: v1
kind: Service
metadata: {name: {{ .Release.Name }}}
spec: {selector: {app: {{ .Release.Name }}}, ports: [{port: 80}]}
{{- end }}
`,
  'crds/boats.yaml': `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: boats.sea.example.com}
spec:
  group: sea.example.com
  scope: Namespaced
  names: {plural: boats, kind: Boat}
  versions:
  - name: v1
    served: true
    storage: true
    schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {crew: {type: integer}}}}}}
`,
  'templates/boat.yaml': `
apiVersion: sea.example.com/v1
kind: Boat
metadata: {name: {{ .Release.Name }}}
spec: {crew: {{ .Values.replicas }}}
`,
  'templates/hook.yaml': `
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-before
  annotations: {helm.sh/hook: pre-install, helm.sh/hook-delete-policy: hook-succeeded}
data: {lookup: {{ (lookup "v1" "Namespace" "" "default").metadata.name | default "nothing" }}}
`,
}

describe('Helm', { timeout: 240_000 }, () => {
  let bench: ToolBench
  let folder: string
  before(async () => {
    bench = await ToolBench.start(unpackHelm)
    folder = join(bench.folder, 'chart')
    for (const part of ['templates', 'crds']) await mkdir(join(folder, part), { recursive: true })
    for (const [file, text] of Object.entries(chart)) await writeFile(join(folder, file), text)
  })
  after(() => bench[Symbol.asyncDispose]())

  const boat = untypedKind({ group: 'sea.example.com', version: 'v1', kind: 'Boat', plural: 'boats', namespaced: true })
  const crew = async () =>
    ((await bench.controlPlane.client.get(boat, { namespace: 'shop', name: 'demo' })) as { spec?: { crew?: number } })
      .spec?.crew
  const greeting = async () =>
    (await bench.controlPlane.client.get(ConfigMap, { namespace: 'shop', name: 'demo-settings' })).data?.['greeting']
  const releases = async () =>
    JSON.parse(await bench.run('list', '-n', 'shop', '-o', 'json')) as { [key: string]: string }[]

  it('installs a chart and waits until it runs', async () => {
    await bench.run('install', 'demo', folder, '-n', 'shop', '--create-namespace', '--wait', '--timeout', '60s')
    const { data } = await bench.controlPlane.client.get(ConfigMap, { namespace: 'shop', name: 'demo-settings' })
    assert.deepEqual(data, { greeting: 'hello', kubernetes: 'v1.36.2', autoscaling: 'true' })
    assert.equal(await crew(), 1)
    const [release] = await releases()
    assert.equal(release?.['status'], 'deployed')
    await assert.rejects(
      bench.controlPlane.client.get(ConfigMap, { namespace: 'shop', name: 'demo-before' }),
      { code: 404 },
      'the hook is gone',
    )
  })

  it('upgrades it, and removes what the chart no longer has', async () => {
    const values = ['--set', 'greeting=hi,replicas=2,service=false']
    await bench.run('upgrade', 'demo', folder, '-n', 'shop', '--wait', '--timeout', '60s', ...values)
    assert.equal(await greeting(), 'hi')
    assert.equal(await crew(), 2)
    await assert.rejects(bench.controlPlane.client.get(Service, { namespace: 'shop', name: 'demo' }), { code: 404 })
  })

  it('rolls it back', async () => {
    await bench.run('rollback', 'demo', '1', '-n', 'shop', '--wait', '--timeout', '60s')
    assert.equal(await greeting(), 'hello')
    await bench.controlPlane.client.get(Service, { namespace: 'shop', name: 'demo' })
    assert.equal((await releases())[0]?.['revision'], '3')
    assert.match(await bench.run('history', 'demo', '-n', 'shop'), /Rollback to 1/)
  })

  it('shows what an upgrade would do without doing it', async () => {
    const shown = await bench.run(
      'upgrade',
      'demo',
      folder,
      '-n',
      'shop',
      '--dry-run=server',
      '--set',
      'greeting=never',
    )
    assert.match(shown, /greeting: "never"/)
    assert.equal(await greeting(), 'hello')
  })

  it('refuses what the server refuses', async () => {
    const { code, stderr } = await bench.try(['upgrade', 'demo', folder, '-n', 'shop', '--set', 'replicas=-1'])
    assert.equal(code, 1)
    assert.match(stderr, /spec\.replicas: Invalid value: -1/)
  })

  it('takes it away again', async () => {
    await bench.run('uninstall', 'demo', '-n', 'shop', '--wait', '--timeout', '60s')
    assert.deepEqual(await releases(), [])
    const { items } = await bench.controlPlane.client.list(Secret, { namespace: 'shop' })
    assert.deepEqual(
      items.filter(({ type }) => type === 'helm.sh/release.v1'),
      [],
    )
  })
})
