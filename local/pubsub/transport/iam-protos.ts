/** https://cloud.google.com/pubsub/docs/reference/rpc/google.iam.v1 */
export const iamService = 'google.iam.v1.IAMPolicy';

const permissions = { rule: 'repeated', type: 'string', id: 1 } as const;

/** What Pub/Sub's resources have of google.iam.v1, which the client package does not export. */
export const iam = {
  TestIamPermissionsRequest: {
    fields: { resource: { type: 'string', id: 1 }, permissions: { ...permissions, id: 2 } },
  },
  TestIamPermissionsResponse: { fields: { permissions } },
  IAMPolicy: {
    methods: {
      TestIamPermissions: {
        requestType: 'TestIamPermissionsRequest',
        responseType: 'TestIamPermissionsResponse',
        options: { '(google.api.http).post': '/v1/{resource=projects/*/*/*}:testIamPermissions' },
      },
    },
  },
};
