import type { Resource } from '../../../machinery/resource.js'
import { certificateSigningRequests } from './certificate-signing-requests.js'

/** The resources of certificates.k8s.io/v1. */
export const certificatesResources: readonly Resource[] = [certificateSigningRequests] as unknown as readonly Resource[]
