/** GitHub Actions: every pull request is checked, and main is deployed. */
export const workflowText = `# Needs two secrets of the repository: CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID.
name: deploy
on:
  push:
    branches: [main]
  pull_request:
permissions:
  contents: read
concurrency: deploy-\${{ github.ref }}
jobs:
  deploy:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          node-version: 24
          cache: npm
      - run: npm ci
      - run: npx tributary check
      - if: github.event_name == 'pull_request'
        run: npx tributary deploy --dry-run
      - if: github.event_name == 'push'
        run: npx tributary deploy
        env:
          CLOUDFLARE_API_TOKEN: \${{ secrets.CLOUDFLARE_API_TOKEN }}
          CLOUDFLARE_ACCOUNT_ID: \${{ secrets.CLOUDFLARE_ACCOUNT_ID }}
`;
