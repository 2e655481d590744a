// An agent on the official TypeScript client: takes a plan as JSON, carries out its steps and prints what came of each.
//
// A step is [kind, ...arguments]; "$2.job_id" in an argument stands for a member of the structured result of step 2.
// An outcome is {ok: result} or {threw: {code, message}}.

const plan = JSON.parse(process.argv[1]);
const told = [];
let wake = () => {};
const outcomes = [];

async function connected({ version, mode, server }) {
  const info = { name: "test-agent", version: "1" };
  const onUpdate = (notification) => {
    told.push(notification.params.uri);
    wake();
  };
  if (version === 1) {
    const { Client } = await import("@modelcontextprotocol/sdk/client/index.js");
    const { StdioClientTransport } = await import("@modelcontextprotocol/sdk/client/stdio.js");
    const { StreamableHTTPClientTransport } = await import("@modelcontextprotocol/sdk/client/streamableHttp.js");
    const { ResourceUpdatedNotificationSchema } = await import("@modelcontextprotocol/sdk/types.js");
    const client = new Client(info);
    client.setNotificationHandler(ResourceUpdatedNotificationSchema, onUpdate);
    await client.connect(transport(server, StdioClientTransport, StreamableHTTPClientTransport));
    return client;
  }
  const { Client, StreamableHTTPClientTransport } = await import("@modelcontextprotocol/client");
  const { StdioClientTransport } = await import("@modelcontextprotocol/client/stdio");
  const client = new Client(info, { versionNegotiation: { mode } });
  client.setNotificationHandler("notifications/resources/updated", onUpdate);
  await client.connect(transport(server, StdioClientTransport, StreamableHTTPClientTransport));
  return client;
}

function transport(server, Stdio, Http) {
  return server.url ? new Http(new URL(server.url)) : new Stdio({ ...server, stderr: "ignore" });
}

function filled(value) {
  if (Array.isArray(value)) return value.map(filled);
  if (value && typeof value === "object")
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, filled(item)]));
  if (typeof value !== "string") return value;
  return value.replace(/\$(\d+)\.(\w+)/g, (_, step, name) => outcomes[Number(step)].ok.structuredContent[name]);
}

async function outcome(kind, given) {
  try {
    return { ok: (await steps[kind](...filled(given))) ?? null };
  } catch (error) {
    return { threw: { code: error.code ?? null, message: String(error.message) } };
  }
}

const steps = {
  tools: async () => (await client.listTools()).tools,
  call: (name, args) => client.callTool({ name, arguments: args }),
  settled: async (jobId) => {
    let after = "";
    for (;;) {
      const args = { job_ids: [jobId], after };
      const result = await client.callTool({ name: "wait_for_job", arguments: args });
      if (result.isError || result.structuredContent.woke_for === "settled") return result;
      after = result.structuredContent.after;
    }
  },
  resources: async () => (await client.listResources()).resources,
  templates: async () => (await client.listResourceTemplates()).resourceTemplates,
  read: async (uri) => (await client.readResource({ uri })).contents,
  prompts: async () => (await client.listPrompts()).prompts,
  prompt: async (name, args) => (await client.getPrompt({ name, arguments: args })).messages,
  complete: async (ref, argument) => (await client.complete({ ref, argument })).completion.values,
  watch: async (uri) => {
    const stateless = plan.version === 2 && plan.mode === "auto";
    await (stateless ? client.listen({ resourceSubscriptions: [uri] }) : client.subscribeResource({ uri }));
  },
  told: async () => {
    while (!told.length) await new Promise((resolve) => (wake = resolve));
    return told.shift();
  },
};

const client = await connected(plan);
for (const [kind, ...given] of plan.steps) outcomes.push(await outcome(kind, given));
console.log(JSON.stringify({ outcomes }));
await client.close();
