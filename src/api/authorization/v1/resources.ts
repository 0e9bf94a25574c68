import { type Resource, resource } from '../../../machinery/resource.js'
import { SelfSubjectRulesReview } from './self-subject-rules-review.js'
import { LocalSubjectAccessReview, SelfSubjectAccessReview, SubjectAccessReview } from './subject-access-review.js'

/** The resources of authorization.k8s.io/v1: questions the server answers, of which nothing is kept. */
export const authorizationResources: readonly Resource[] = [
  resource(LocalSubjectAccessReview, { verbs: ['create'], stored: false }),
  resource(SelfSubjectAccessReview, { verbs: ['create'], stored: false }),
  resource(SelfSubjectRulesReview, { verbs: ['create'], stored: false }),
  resource(SubjectAccessReview, { verbs: ['create'], stored: false }),
] as unknown as readonly Resource[]
