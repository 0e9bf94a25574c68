import { type Resource, resource } from '../../../machinery/resource.js'
import { SelfSubjectReview } from './self-subject-review.js'
import { TokenReview } from './token-review.js'

/** The resources of authentication.k8s.io/v1: questions the server answers, of which nothing is kept. */
export const authenticationResources: readonly Resource[] = [
  resource(SelfSubjectReview, { verbs: ['create'], stored: false }),
  resource(TokenReview, { verbs: ['create'], stored: false }),
] as unknown as readonly Resource[]
