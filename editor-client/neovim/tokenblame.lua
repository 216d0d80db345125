-- Token Blame in Neovim 0.11 or newer. Save it as ~/.config/nvim/plugin/tokenblame.lua.
-- Prompts are documents, too (:TokenBlamePrompt), and belong to the server that wrote them.
vim.filetype.add({ pattern = { ['.*%.prompt%.txt'] = 'tokenblame' } })

-- Lenses: above the code of a sample, and on every line of a samples.jsonl. grx runs one.
local function lenses(client, buffer)
  local document = { uri = vim.uri_from_bufnr(buffer) }
  client:request('textDocument/codeLens', { textDocument = document }, nil, buffer)
end

vim.lsp.config('tokenblame', {
  cmd = { 'tokenblame', 'lsp' }, -- or the full path of .venv/bin/tokenblame
  filetypes = { 'python', 'jsonl', 'tokenblame' },
  root_dir = function(buffer, start)
    local prompt = vim.bo[buffer].filetype == 'tokenblame'
    local server = prompt and vim.lsp.get_clients({ name = 'tokenblame' })[1]
    if server or not prompt then start(server and server.root_dir or vim.fs.root(buffer, '.git')) end
  end,
  init_options = { trusted = true }, -- samples that you open are run, in the sandbox
  settings = { tokenblame = { semanticTokens = true } },
  capabilities = { workspace = { codeLens = { refreshSupport = true } } },
  handlers = {
    ['workspace/codeLens/refresh'] = function(_, _, context)
      local client = vim.lsp.get_client_by_id(context.client_id)
      for buffer in pairs(client and client.attached_buffers or {}) do lenses(client, buffer) end
      return vim.NIL
    end,
  },
  on_attach = function(client, buffer)
    lenses(client, buffer)
    vim.api.nvim_create_autocmd({ 'InsertLeave', 'TextChanged' }, {
      buffer = buffer,
      callback = function() lenses(client, buffer) end,
    })
    vim.keymap.set('n', 'grx', vim.lsp.codelens.run, { buffer = buffer, desc = 'Run a code lens' })
  end,
})
vim.lsp.enable('tokenblame')

-- The heat map: red supported what the model wrote, blue and underlined what repairs it.
local function paint()
  local dark = vim.o.background == 'dark'
  local reds = dark and { '#3d1418', '#64161f', '#8b1826' } or { '#fbe3dc', '#f4b8a8', '#e88a78' }
  local blues = dark and { '#12263d', '#163b63', '#1b5089' } or { '#dce9f4', '#aecfe6', '#7fb2d6' }
  for level = 1, 3 do
    vim.api.nvim_set_hl(0, '@lsp.mod.pos' .. level, { bg = reds[level] })
    vim.api.nvim_set_hl(0, '@lsp.mod.neg' .. level, { bg = blues[level], underline = true })
  end
end
paint()
vim.api.nvim_create_autocmd('ColorScheme', { callback = paint })

local function ask(command, more)
  local client = vim.lsp.get_clients({ name = 'tokenblame', bufnr = 0 })[1]
  if not client then return vim.notify('Token Blame does not run here', vim.log.levels.WARN) end
  local arguments = { vim.uri_from_bufnr(0), more }
  local call = { title = command, command = 'tokenblame.' .. command, arguments = arguments }
  client:exec_cmd(call, { bufnr = 0 })
end

-- :TokenBlame explains this file; :TokenBlame HumanEval/65 says which task it solves.
vim.api.nvim_create_user_command('TokenBlame', function(call)
  if call.args == '' then ask('explain') else ask('setTask', { taskId = call.args }) end
end, { nargs = '?' })

-- :TokenBlamePrompt shows the prompt as the model saw it; an edit of it is read by the model, too.
vim.api.nvim_create_user_command('TokenBlamePrompt', function() ask('openPrompt') end, {})
