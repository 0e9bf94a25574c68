import { admission, defineConfig, refusal } from 'typernetes'
import { Deployment } from 'typernetes/api'

const allowed = ['registry.example.com/', 'docker.io/library/']

const containersOf = ({ template: { spec } }: Deployment['spec']) => [
  ...(spec?.initContainers ?? []),
  ...(spec?.containers ?? []),
]

/** Every deployment says whom to ask about it, and its images come from places we know. */
const deployments = admission({
  name: 'deployments',
  match: { resources: [Deployment], namespaces: ['!kube-*'] },

  mutate({ object: { metadata, spec } }) {
    metadata.labels = { tier: 'standard', ...metadata.labels }
    for (const container of spec.template.spec?.containers ?? [])
      container.resources = { requests: { cpu: '100m', memory: '128Mi' }, ...container.resources }
  },

  validate(request) {
    const { metadata, spec } = request.object
    if (!metadata.labels?.['owner']) throw refusal(request, 'it needs a label "owner" that says whom to ask about it')
    for (const { name, image = '' } of containersOf(spec))
      if (!allowed.some(place => image.startsWith(place)))
        throw refusal(request, `the image ${image} of ${name} comes from none of ${allowed.join(', ')}`)
  },
})

export default defineConfig({ admission: [deployments] })
