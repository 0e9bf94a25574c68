import { PersistentVolumeClaim } from '../../api/core/v1/index.js'
import { Ingress, IngressClass } from '../../api/networking/v1/index.js'
import { StorageClass } from '../../api/storage/v1/index.js'
import type { ApiObject } from '../../machinery/object.js'
import type { Registries } from '../registry/registries.js'
import { type AdmissionPlugin, admission } from './admission.js'

const isDefault = ({ metadata }: ApiObject, annotations: readonly string[]): boolean =>
  annotations.some(name => metadata.annotations?.[name] === 'true')

const storageAnnotations = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
]
const claimAnnotation = 'volume.beta.kubernetes.io/storage-class'

/** The newest of several; the first by name of those of one second. */
function newest<T extends ApiObject>(objects: readonly T[]): T | undefined {
  const age = ({ metadata }: ApiObject) => metadata.creationTimestamp ?? ''
  const name = ({ metadata }: ApiObject) => metadata.name ?? ''
  return [...objects].sort((a, b) => (age(a) === age(b) ? (name(a) < name(b) ? -1 : 1) : age(a) < age(b) ? 1 : -1))[0]
}

/**
 * DefaultStorageClass: a claim that names no class gets the default one, if there is one.
 * https://kubernetes.io/docs/concepts/storage/storage-classes/#default-storageclass
 */
export const defaultStorageClass = (registries: Registries): AdmissionPlugin =>
  admission({
    name: 'DefaultStorageClass',
    match: { resources: [PersistentVolumeClaim], operations: ['CREATE'] },
    mutate({ object: claim }) {
      if (claim.spec.storageClassName !== undefined) return
      if (claim.metadata.annotations?.[claimAnnotation] !== undefined) return
      const classes = registries.of(StorageClass).cache.list()
      const chosen = newest(classes.map(({ object }) => object).filter(found => isDefault(found, storageAnnotations)))
      if (chosen?.metadata.name) claim.spec.storageClassName = chosen.metadata.name
    },
  })

const ingressAnnotations = ['ingressclass.kubernetes.io/is-default-class']
const ingressClassAnnotation = 'kubernetes.io/ingress.class'

/**
 * DefaultIngressClass: an ingress that names no class gets the default one, if there is one.
 * https://kubernetes.io/docs/concepts/services-networking/ingress/#default-ingress-class
 */
export const defaultIngressClass = (registries: Registries): AdmissionPlugin =>
  admission({
    name: 'DefaultIngressClass',
    match: { resources: [Ingress], operations: ['CREATE'] },
    mutate({ object: ingress }) {
      if (ingress.spec.ingressClassName !== undefined) return
      if (ingress.metadata.annotations?.[ingressClassAnnotation] !== undefined) return
      const classes = registries.of(IngressClass).cache.list()
      const chosen = newest(classes.map(({ object }) => object).filter(found => isDefault(found, ingressAnnotations)))
      if (chosen?.metadata.name) ingress.spec.ingressClassName = chosen.metadata.name
    },
  })
