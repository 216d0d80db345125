-- Token Blame in Neovim 0.11 or newer. Save it as ~/.config/nvim/plugin/tokenblame.lua.
vim.lsp.config('tokenblame', {
  cmd = { 'tokenblame', 'lsp' }, -- or the full path of .venv/bin/tokenblame
  filetypes = { 'python' },
  root_markers = { '.git' },
  init_options = { trusted = true }, -- samples that you open are run, in the sandbox
  settings = { tokenblame = { semanticTokens = true } },
})
vim.lsp.enable('tokenblame')

-- The heat map: red supported what the model wrote, blue and underlined what repairs it.
local function paint()
  local dark = vim.o.background == 'dark'
  local reds = dark and { '#3d1418', '#64161f', '#8b1826' } or { '#fbe3dc', '#f4b8a8', '#e88a78' }
  local blues = dark and { '#12263d', '#163b63', '#1b5089' } or { '#dce9f4', '#aecfe6', '#7fb2d6' }
  for level = 1, 3 do
    vim.api.nvim_set_hl(0, '@lsp.mod.pos' .. level .. '.python', { bg = reds[level] })
    vim.api.nvim_set_hl(0, '@lsp.mod.neg' .. level .. '.python', { bg = blues[level], underline = true })
  end
end
paint()
vim.api.nvim_create_autocmd('ColorScheme', { callback = paint })

-- :TokenBlame explains this file; :TokenBlame HumanEval/65 says which task it solves.
vim.api.nvim_create_user_command('TokenBlame', function(call)
  local client = vim.lsp.get_clients({ name = 'tokenblame', bufnr = 0 })[1]
  if not client then return vim.notify('Token Blame does not run here', vim.log.levels.WARN) end
  local name = call.args == '' and 'tokenblame.explain' or 'tokenblame.setTask'
  local task = call.args ~= '' and { taskId = call.args } or nil
  local command = { title = 'Token Blame', command = name, arguments = { vim.uri_from_bufnr(0), task } }
  client:exec_cmd(command, { bufnr = 0 })
end, { nargs = '?' })
