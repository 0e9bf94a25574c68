import { root } from '../../../machinery/path.js'
import { type Resource, resource } from '../../../machinery/resource.js'
import { templateWarnings } from '../../apps/v1/workload.js'
import { containerColumns, labelsText, nameColumn, textColumn } from '../../columns.js'
import { defaultPodSpec } from './pod-defaults.js'
import { PodTemplate } from './pod-template.js'
import { validatePodTemplate } from './validate-pod.js'

const at = root.child('template')
const validate = ({ template }: PodTemplate) => validatePodTemplate(template, at)

export const podTemplates: Resource<PodTemplate> = resource(PodTemplate, {
  columns: [
    nameColumn,
    ...containerColumns<PodTemplate>(({ template }) => template.spec, false),
    textColumn('Pod Labels', ({ template }) => labelsText(template.metadata.labels), {
      description: 'The labels for the pod template.',
    }),
  ],
  deleteAnswersObject: true,
  defaults: ({ template }) => defaultPodSpec(template.spec),
  strategy: {
    generation: true,
    validate,
    validateUpdate: validate,
    warnings: (object, old) => templateWarnings(object, old, object.template, at),
  },
})
