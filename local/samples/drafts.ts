/** A request body of a sender, before it is signed. */
export interface Draft {
  body: string;
  contentType: string;
  /** Other headers that the sender writes. */
  headers?: Record<string, string>;
}

const products = ['KETTLE-01', 'LAMP-22', 'CHAIR-7', 'MUG-305', 'DESK-11'];
const sources = ['web', 'server', 'app'];

/** A DataNostro event that varies with `n`. `now` is its time in Unix milliseconds. */
export function datanostroEvent(n: number, eventName: string, now: number): Draft {
  const sku = products[n % products.length];
  const request = JSON.stringify({
    items: [{ sku, quantity: 1 + (n % 3), price: 19.9 + n }],
    currency: 'CZK',
    note: `Příliš žluťoučký kůň № ${n} 🐎`,
  });
  const event = JSON.stringify({
    id: `evt_${n.toString().padStart(6, '0')}`,
    event_name: eventName,
    created_at: new Date(now).toISOString(),
    tenant_id: `tenant_${n % 4}`,
    source_ip_masked: '203.0.113.0',
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64)',
    request_source: sources[n % sources.length],
  });
  // Beyond 2^53: the table must have every digit.
  const clientId = 9007199254740993n + BigInt(n);
  const payload = request.replace(/}$/, `,"client_id":${clientId}}`);
  return {
    body: event.replace(/}$/, `,"request_body":${payload}}`),
    contentType: 'application/json',
  };
}

const orderStates = ['received', 'shipped', 'delivered', 'refunded'];

/** A CRM's postback; `n` selects form, JSON, XML or plain text. */
export function crmPostback(n: number): Draft {
  const order = {
    orderId: `N${n}`,
    status: orderStates[n % orderStates.length] ?? '',
    total: (20 + n * 1.37).toFixed(2),
    userId: `U${n % 17}`,
  };
  switch (n % 4) {
    case 1:
      return { body: JSON.stringify(order), contentType: 'application/json' };
    case 2:
      return {
        body: `<order id="${order.orderId}"><status>${order.status}</status></order>\r\n`,
        contentType: 'application/xml',
      };
    case 3:
      return { body: `objednávka ${order.orderId} → ${order.status}`, contentType: 'text/plain' };
    default:
      return {
        body: new URLSearchParams(order).toString(),
        contentType: 'application/x-www-form-urlencoded',
      };
  }
}

/** ABsmartly's announcement of an export, as its webhook reference shows it. */
export function exportAnnouncement(exportId: number, experimentId: number, now: number): Draft {
  const file = `experiment_${experimentId}_export.zip`;
  const announcement = {
    event_name: 'ExperimentDataExportReady',
    event_at: now,
    id: experimentId,
    user_id: 7,
    metadata: {
      download_url: `/v1/experiments/exports/${exportId}/${file}`,
      export_config_id: exportId,
      file_name: file,
    },
  };
  return { body: JSON.stringify(announcement), contentType: 'application/json' };
}
