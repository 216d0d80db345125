-- Looks at the sample that is open, as a user would, and writes what was seen as JSON.
-- $SEEN: the file to write; $PATIENCE: seconds that one explanation may take.
local patience = tonumber(vim.env.PATIENCE) * 1000
local buffer = vim.api.nvim_get_current_buf()
local seen = { messages = {} }

local function finish()
  vim.fn.writefile({ vim.json.encode(seen) }, vim.env.SEEN)
  vim.cmd('qall!')
end

local function await(what, condition, milliseconds)
  if vim.wait(milliseconds or 20000, condition, 50) then return end
  seen.missing = what
  seen.messages = vim.split(vim.fn.execute('messages'), '\n', { trimempty = true })
  finish()
  error(what .. ' did not come')
end

--- The highlights that language servers have put on the text: where, which text, which group.
local function heat()
  vim.cmd('redraw!') -- Neovim sets them when it draws the lines
  local found = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(buffer, -1, 0, -1, { details = true })) do
    local row, column, details = mark[2], mark[3], mark[4]
    if (details.hl_group or ''):match('^@lsp%.mod%.') then
      local text = vim.api.nvim_buf_get_text(buffer, row, column, details.end_row, details.end_col, {})
      local colors = vim.api.nvim_get_hl(0, { name = details.hl_group, link = false })
      table.insert(found, { row, column, table.concat(text, '\n'), details.hl_group, colors.bg or 0 })
    end
  end
  return found
end

--- The text of the one floating window.
local function float()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= '' then
      local lines = vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false)
      return table.concat(lines, '\n')
    end
  end
end

local function diagnosed(pattern)
  return function()
    for _, one in ipairs(vim.diagnostic.get(buffer)) do
      if one.message:match(pattern) then return true end
    end
  end
end

--- The lenses of the current buffer: in which line, and what they say.
local function lenses()
  local shown = {}
  for _, mark in ipairs(vim.api.nvim_buf_get_extmarks(0, -1, 0, -1, { details = true })) do
    for _, chunk in ipairs(mark[4].virt_text or {}) do
      if chunk[2] == 'LspCodeLens' then table.insert(shown, { mark[2], chunk[1] }) end
    end
  end
  return shown
end

local function outcome_in_lens()
  return vim.iter(lenses()):any(function(lens) return lens[2]:match('Δℓ = [%d.]+$') end)
end

local function client()
  return vim.lsp.get_clients({ name = 'tokenblame', bufnr = buffer })[1]
end

await('the server', client, patience)
await('the verdict', diagnosed('circular_shift%('), patience)
await('the heat map', function() return #heat() > 0 end, patience)
seen.diagnostics = vim.diagnostic.get(buffer)
seen.encoding = client().offset_encoding
seen.heat = heat()
await('the outcome in a lens', outcome_in_lens, patience)
seen.lenses = lenses()

local at = seen.diagnostics[1]
vim.api.nvim_win_set_cursor(0, { at.lnum + 1, at.col })
vim.lsp.buf.hover()
await('the hover', float)
seen.hover = float()

vim.ui.select = function(items, options)
  seen.actions = vim.tbl_map(options.format_item or tostring, items)
end
vim.lsp.buf.code_action()
await('the code actions', function() return seen.actions end)

-- What was shown is about the old text, though the edit is behind the faulty token.
local old = seen.diagnostics[1].message
vim.api.nvim_buf_set_lines(buffer, -1, -1, false, { '# edited' })
await('the old diagnostics to go', function()
  return not vim.iter(vim.diagnostic.get(buffer)):any(function(one) return one.message == old end)
end)
await('the old heat map to go', function() return #heat() == 0 end)
seen.cleared = true

-- A samples file shows the outcome of a line in its lens, once that was asked for.
vim.cmd.edit('samples.jsonl')
await('the lenses of the lines', function() return #lenses() == 4 end, patience)
seen.rows = lenses()
vim.ui.select = function(items, _, choose) choose(items[1]) end
vim.api.nvim_win_set_cursor(0, { 2, 0 })
vim.api.nvim_feedkeys('grx', 'mx', false)
await('the outcome of a line', outcome_in_lens, patience)
seen.explained = lenses()
vim.api.nvim_set_current_buf(buffer)
vim.ui.select = function(items, options)
  seen.actions = vim.tbl_map(options.format_item or tostring, items)
end

-- Read as an answer in a chat, the prompt is a document of the same server.
vim.cmd('undo')
local settings = vim.tbl_deep_extend('force', client().settings, { tokenblame = { form = 'chat' } })
client().settings = settings
client():notify('workspace/didChangeConfiguration', { settings = settings })
await('the prompt to be known', function()
  vim.cmd('TokenBlamePrompt')
  return vim.wait(1000, function() return vim.api.nvim_get_current_buf() ~= buffer end)
end, patience)
seen.prompt = vim.api.nvim_buf_get_lines(0, 0, -1, false)
await('the server of the code', function()
  local found = vim.lsp.get_clients({ bufnr = 0 })[1]
  return found and found.id == client().id
end)
seen.actions, seen.promptActions = nil, seen.actions
vim.lsp.buf.code_action()
await('the way back', function() return seen.actions end)
seen.actions, seen.promptActions = seen.promptActions, seen.actions
finish()
