/** What `GET /v1/experiments/{id}` tells, as far as the vendor's document shows it. */
export interface Experiment {
  id: number;
  name: string;
  experiment_tags: { experiment_tag: { tag: string } }[];
  owners: { user: { email: string } }[];
  teams: { team: { name: string } }[];
}

/** Always the same for the same id; experiments with an even id carry the tag `bigquery`. */
export function sampleExperiment(id: number): Experiment {
  const tags = id % 2 === 0 ? ['checkout', 'bigquery'] : ['checkout'];
  return {
    id,
    name: `Checkout button, take ${id}`,
    experiment_tags: tags.map((tag) => ({ experiment_tag: { tag } })),
    owners: [{ user: { email: id % 3 === 0 ? 'owner@shop.example' : 'analyst@shop.example' } }],
    teams: [{ team: { name: id % 5 === 0 ? 'Growth' : 'Checkout' } }],
  };
}
