import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.scheduling.v1', { group: 'scheduling.k8s.io', version: 'v1' })
