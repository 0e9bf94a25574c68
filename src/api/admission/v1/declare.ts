import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.admission.v1', { group: 'admission.k8s.io', version: 'v1' })
