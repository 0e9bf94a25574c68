import { inPackage } from '../../../schema/index.js'

export const { message, kind } = inPackage('k8s.io.api.events.v1', { group: 'events.k8s.io', version: 'v1' })
