/** `| head` closes the pipe when it has enough: that is no error of ours. */
let onClosed: () => void = () => process.exit();

/** For the main program: ends the process when nobody reads its output any more. */
export function endOnClosedPipe(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      onClosed();
    });
  }
}

/** For a command that has something to put away before it ends. */
export function whenPipeCloses(handler: () => void): void {
  onClosed = handler;
}
