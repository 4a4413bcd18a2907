// The official TypeScript client: lists the tools, makes a clip and reads its result.
// node client.mjs '{"url":…,"token":…}' or '{"command":…,"args":…,"env":…}', and the arguments of generate_video

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';

const way = JSON.parse(process.argv[2]);
const transport = way.url
  ? new StreamableHTTPClientTransport(new URL(way.url), {
      requestInit: { headers: { authorization: `Bearer ${way.token}` } },
    })
  : new StdioClientTransport({ ...way, stderr: 'inherit' });
const client = new Client({ name: 'test', version: '1' });
await client.connect(transport);
const { tools } = await client.listTools();
const call = async (name, args) => (await client.callTool({ name, arguments: args })).structuredContent;
let job = await call('generate_video', JSON.parse(process.argv[3]));
while (['queued', 'running'].includes(job.state)) job = await call('get_job', { job_id: job.job_id, wait_s: 50 });
console.log(JSON.stringify({ tools: tools.map((tool) => tool.name), job }));
await client.close();
