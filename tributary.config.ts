import { absmartly, datanostro, defineRelay, segmentstream } from 'tributary-relay';

/** The streams that this relay serves. A stream `name` answers at `/name`, or at `/name/<key>`. */
export const relay = defineRelay({
  project: 'your-project',
  location: 'EU',
  streams: {
    // Events, signed with DATANOSTRO_SECRET. Only the shop's funnel is kept.
    datanostro: datanostro({
      table: 'datanostro_events.events',
      filter: { event: '^(purchase|begin_checkout|add_to_cart)$' },
    }),
    // Experiment exports, loaded as files. The endpoint's path ends in ABSMARTLY_KEY; the exports are
    // fetched with ABSMARTLY_API_KEY.
    absmartly: absmartly({
      table: 'absmartly.experiment_exports',
      apiUrl: 'https://your-subdomain.absmartly.com',
    }),
    // Whatever the CRM posts, kept raw. The endpoint's path ends in CRM_KEY.
    crm: segmentstream({
      table: 'crm.orders',
      timeZone: 'Europe/Prague',
    }),
  },
});
