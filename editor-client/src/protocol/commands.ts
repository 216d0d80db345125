/** The commands that the server registers (lsp_server/protocol/names.py). */

export const SERVER_COMMANDS = {
  explain: 'tokenblame.explain',
  setTask: 'tokenblame.setTask',
  cancel: 'tokenblame.cancel',
  attribute: 'tokenblame.attribute',
  searchLonger: 'tokenblame.searchLonger',
  checkFaithfulness: 'tokenblame.checkFaithfulness',
  copyReport: 'tokenblame.copyReport',
  passCurve: 'tokenblame.curve',
  showFault: 'tokenblame.showFault',
  openPrompt: 'tokenblame.openPrompt',
  openCode: 'tokenblame.openCode',
  openSample: 'tokenblame.openSample',
} as const;

export type ServerCommand = (typeof SERVER_COMMANDS)[keyof typeof SERVER_COMMANDS];
