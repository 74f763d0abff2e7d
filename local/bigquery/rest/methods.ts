/** A method of the REST API, for the discovery document. */
interface Method {
  resource: string;
  name: string;
  verb: string;
  path: string;
}

const TABLE = `
projects list GET projects
projects getServiceAccount GET projects/{+projectId}/serviceAccount
datasets list GET projects/{+projectId}/datasets
datasets insert POST projects/{+projectId}/datasets
datasets get GET projects/{+projectId}/datasets/{+datasetId}
datasets patch PATCH projects/{+projectId}/datasets/{+datasetId}
datasets update PUT projects/{+projectId}/datasets/{+datasetId}
datasets delete DELETE projects/{+projectId}/datasets/{+datasetId}
tables list GET projects/{+projectId}/datasets/{+datasetId}/tables
tables insert POST projects/{+projectId}/datasets/{+datasetId}/tables
tables get GET projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}
tables patch PATCH projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}
tables update PUT projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}
tables delete DELETE projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}
tabledata list GET projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/data
tabledata insertAll POST projects/{+projectId}/datasets/{+datasetId}/tables/{+tableId}/insertAll
routines list GET projects/{+projectId}/datasets/{+datasetId}/routines
routines insert POST projects/{+projectId}/datasets/{+datasetId}/routines
routines get GET projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}
routines update PUT projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}
routines delete DELETE projects/{+projectId}/datasets/{+datasetId}/routines/{+routineId}
jobs list GET projects/{+projectId}/jobs
jobs insert POST projects/{+projectId}/jobs
jobs get GET projects/{+projectId}/jobs/{+jobId}
jobs cancel POST projects/{+projectId}/jobs/{+jobId}/cancel
jobs delete DELETE projects/{+projectId}/jobs/{+jobId}/delete
jobs query POST projects/{+projectId}/queries
jobs getQueryResults GET projects/{+projectId}/queries/{+jobId}
`;

export function methods(): Method[] {
  return TABLE.trim()
    .split('\n')
    .map((line) => {
      const [resource = '', name = '', verb = '', path = ''] = line.split(' ');
      return { resource, name, verb, path };
    });
}
