import { apply, controller, controllerReference, customResource, defineConfig } from 'typernetes'
import { ConfigMap, Deployment } from 'typernetes/api'
import { defaulted, int32, optional, required, string } from 'typernetes/schema'

const Website = customResource({
  group: 'example.com',
  version: 'v1',
  kind: 'Website',
  shortNames: ['site'],
  spec: {
    html: required(string, { description: 'What visitors see.' }),
    image: defaulted(string, 'nginx:1'),
    replicas: defaulted(int32, 2, { minimum: 0, maximum: 10 }),
  },
  status: { ready: optional(int32) },
  columns: { Replicas: '.spec.replicas', Ready: '.status.ready' },
})

const websites = controller({
  name: 'website',
  watches: { for: Website, owns: [ConfigMap, Deployment] },
  async reconcile(key, { get, client }) {
    const site = get(Website, key)
    if (!site || site.metadata.deletionTimestamp) return
    const { html, image, replicas } = site.spec
    const labels = { website: key.name }
    const metadata = { ...key, labels, ownerReferences: [controllerReference(Website, site)] }
    const containers = [{ name: 'web', image, volumeMounts: [{ name: 'html', mountPath: '/usr/share/nginx/html' }] }]
    const volumes = [{ name: 'html', configMap: { name: key.name } }]

    await apply(client, ConfigMap, { metadata, data: { 'index.html': html } })
    await apply(client, Deployment, {
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers, volumes } },
      },
    })

    const ready = get(Deployment, key)?.status.readyReplicas ?? 0
    if (ready !== site.status?.ready)
      await client.patch(Website, key, { type: 'merge', body: { status: { ready } } }, { subresource: 'status' })
  },
})

export default defineConfig({ resources: [Website], controllers: [websites] })
