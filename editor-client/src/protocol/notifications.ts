/** The notifications between server and client beyond the Language Server Protocol, by their names. */

import { NotificationType } from 'vscode-languageclient';
import type { PanelRequest, Relevance, Report, Status } from './serverMessages';

export const relevanceNotification = new NotificationType<Relevance>('tokenblame/relevance');
export const statusNotification = new NotificationType<Status>('tokenblame/status');
export const reportNotification = new NotificationType<Report>('tokenblame/report');
export const panelNotification = new NotificationType<PanelRequest>('tokenblame/panel');
export const trustNotification = new NotificationType<{ trusted: boolean }>('tokenblame/trust');
