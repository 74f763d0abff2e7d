/** https://cloud.google.com/pubsub/docs/reference/rpc/google.iam.v1 */
export const iamService = 'google.iam.v1.IAMPolicy';

const text = (id: number) => ({ type: 'string', id });
const texts = (id: number) => ({ rule: 'repeated', type: 'string', id });

function method(requestType: string, responseType: string, verb: 'get' | 'post', path: string) {
  const options = {
    [`(google.api.http).${verb}`]: `/v1/{resource=projects/*/*/*}:${path}`,
    ...(verb === 'post' && { '(google.api.http).body': '*' }),
  };
  return { requestType, responseType, options };
}

/** What Pub/Sub's resources have of google.iam.v1, which the client package does not export. */
export const iam = {
  Expr: {
    fields: { expression: text(1), title: text(2), description: text(3), location: text(4) },
  },
  Binding: { fields: { role: text(1), members: texts(2), condition: { type: 'Expr', id: 3 } } },
  Policy: {
    fields: {
      version: { type: 'int32', id: 1 },
      bindings: { rule: 'repeated', type: 'Binding', id: 4 },
      etag: { type: 'bytes', id: 3 },
    },
  },
  GetPolicyOptions: { fields: { requestedPolicyVersion: { type: 'int32', id: 1 } } },
  GetIamPolicyRequest: {
    fields: { resource: text(1), options: { type: 'GetPolicyOptions', id: 2 } },
  },
  SetIamPolicyRequest: { fields: { resource: text(1), policy: { type: 'Policy', id: 2 } } },
  TestIamPermissionsRequest: { fields: { resource: text(1), permissions: texts(2) } },
  TestIamPermissionsResponse: { fields: { permissions: texts(1) } },
  IAMPolicy: {
    methods: {
      SetIamPolicy: method('SetIamPolicyRequest', 'Policy', 'post', 'setIamPolicy'),
      GetIamPolicy: method('GetIamPolicyRequest', 'Policy', 'get', 'getIamPolicy'),
      TestIamPermissions: method(
        'TestIamPermissionsRequest',
        'TestIamPermissionsResponse',
        'post',
        'testIamPermissions',
      ),
    },
  },
};
