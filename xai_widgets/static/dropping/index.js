var $=(n,t)=>n.addEventListener("abort",t);function u(n,...t){let[o,...a]=n.split("."),i=document.createElement(o||"div");o==="button"&&x(i,{type:"button"}),i.className=a.map(l=>`xw-${l}`).join(" ");for(let l of t)typeof l=="string"||l instanceof Node?i.append(l):x(i,l);return i}function x(n,t){for(let[o,a]of Object.entries(t)){let i=o.replace("_","data-xw-").replace("$","aria-");a==null||a===!1?n.removeAttribute(i):n.setAttribute(i,a===!0?"":`${a}`)}}function S(n,t){n.textContent!==t&&(n.textContent=t)}function D(n,t){n.hidden=!t,S(n,t)}function h(n,t,o,a){for(let i of o.split(" "))t.addEventListener(i,a,{signal:n,passive:!1})}var L=n=>n.preventDefault();function O(n,t,...o){let a=document.createElementNS("http://www.w3.org/2000/svg",n);return x(a,t),a.append(...o),a}function R(n,t="",o="0 0 16 16"){return O("svg",{class:t,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},O("path",{d:n}))}var I=()=>`xw-${Math.random().toString(36).slice(2)}`;var V=`.xw-root {
  .xw-veil {
    position: absolute;
    z-index: 10;
    inset: 0;
    border-radius: inherit;
    pointer-events: none;
  }
  [data-xw-drop="near"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -6px;
  }
  :is([data-xw-drop="over"], [data-xw-drop="gone"], [data-xw-drop="reading"]) {
    background: color-mix(in srgb, var(--xw-bg) 76%, transparent);
  }
  [data-xw-drop="over"] {
    outline: 2px dashed var(--xw-brand);
    outline-offset: -10px;
    background: color-mix(in srgb, var(--xw-tint) 78%, transparent);
  }
  .xw-dropped {
    position: absolute;
    display: flex;
    gap: 14px;
    align-items: center;
    width: max-content;
    max-width: min(460px, 100% - 32px);
    padding: 14px 18px;
    border: 1px solid var(--xw-line);
    border-radius: 10px;
    background: var(--xw-bg);
    box-shadow: 0 8px 28px #0003;
    pointer-events: auto;
    translate: -50% -50%;
  }
  [data-xw-drop="near"] .xw-dropped {
    display: none;
  }
  .xw-dropicon {
    width: 28px;
    color: var(--xw-ink);
    stroke-width: 1.1;
  }
  .xw-dropwords {
    display: grid;
    min-width: 0;
    overflow-wrap: anywhere;
    span {
      color: var(--xw-muted);
      font-size: 12px;
    }
  }
  [data-xw-drop="over"] .xw-dropped {
    pointer-events: none;
  }
  [data-xw-drop="refused"] :is(b, .xw-dropicon) {
    color: light-dark(#b3261e, #ffb4ab);
  }
  [data-xw-drop="reading"] .xw-dropicon {
    animation: xw-sink 0.9s infinite alternate ease-in-out;
  }
  .xw-status > :empty {
    display: none;
  }
  [data-xw-control="drop-back"] {
    overflow: hidden;
    max-width: 240px;
    margin-right: auto;
    color: var(--xw-ink);
    text-overflow: ellipsis;
    white-space: nowrap;
  }
}
@keyframes xw-sink {
  from {
    translate: 0 -3px;
  }
  to {
    translate: 0 3px;
  }
}
`;var j=64e4,Y=700,J=1e4,Q=230,X="M3 10.5v2a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-2M8 2.5V10M5 7l3 3 3-3",F="The kernel is gone: run this cell again, then bring the picture.",Z="The kernel is gone, and the earlier picture with it: run this cell again.",ee="The page gave an address, not the picture. Save it, and drop the file.";function te({model:n,root:t,signal:o,speak:a},i,{most:l}){let C=I(),N=u("b"),A=u("span"),b=u("button.tool",{$label:"Close",title:"Close",_control:"drop-close"});b.append(R("M4 4l8 8M12 4l-8 8"));let q=R(X,"xw-dropicon"),H=u(".dropped",q,u(".dropwords",N,A),b),y=u(".veil",{_drop:"",hidden:!0},H),w=u("button.link",{_control:"drop-back",hidden:!0});t.append(u("style",V),y),t.querySelector("footer")?.lastElementChild?.before(w);let v,M,k;$(o,()=>{clearTimeout(M),clearTimeout(k)});function c(e,s="",r=""){v=e,y.hidden=!e,b.hidden=e!=="refused",x(y,{_drop:e,role:e==="refused"?"alert":null}),S(N,s),D(A,r),e&&e!=="near"&&G()}function G(){let[e,...s]=t.querySelectorAll(".xw-pane"),r=(e&&!s.length?e:t).getBoundingClientRect(),{left:p,top:g,width:d}=t.getBoundingClientRect(),[m,E]=[Math.max(r.top,0),Math.min(r.bottom,window.innerHeight)],T=Math.min(Q,d/2),W=Math.min(Math.max((r.left+r.right)/2-p,T),d-T);H.style.cssText=`left:${W}px;top:${(m+Math.max(E,m))/2-g}px`}function f(e){clearTimeout(k),c("refused","This picture is not shown",e),b.focus({preventScroll:!0})}function P(){c(void 0),t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}function K(e){v!=="reading"&&(clearTimeout(M),M=setTimeout(()=>v!=="reading"&&v!=="refused"&&c(void 0),Y),e?i.state()==="gone"?c("gone","No kernel, no answer",F):c("over","Drop a picture","The network says what it sees in it"):c("near"))}async function B(e,s){if(clearTimeout(M),i.state()==="gone")return f(F);if(e.length>1)return f(`These are ${e.length} files. Bring one picture.`);let r=e[0]??ne(s);if(!r)return f(/<img/i.test(s)?ee:"There is no picture in it.");let{name:p,size:g}=r;if(g>l){let[d,m]=[g,l].map(T=>(T/1e6).toFixed(0));return f(`“${p}” has ${d} MB; expected at most ${m} MB. Make it smaller, or set it from a cell: viewer.image = path.`)}c("reading",`Reading ${p}`),a(`Reading ${p}`),k=setTimeout(()=>D(A,"The kernel is busy with something else."),J);try{for(let d=0;!d||d<g;d+=j){let m=new Uint8Array(await r.slice(d,d+j).arrayBuffer());if(o.aborted)return;let E={kind:"picture",by:C,name:p,size:g,at:d};n.send(E,void 0,[m])}}catch(d){let m=g%4096===0&&!r.type?" Is it a folder?":"";f(`“${p}” cannot be read (${d.message}).${m}`)}}function z({by:e,name:s,failed:r}){e===C&&(clearTimeout(k),r?f(r):(c(void 0),a(`${s} is shown now.`)))}function _(){let e=n.get("earlier_picture");w.hidden=!e,S(w,`Back to ${e}`),x(w,{title:`Back to ${e}`})}h(o,b,"click",P),h(o,y,"keydown",e=>{e.key==="Escape"&&(e.stopPropagation(),P())}),h(o,w,"click",()=>{if(i.state()==="gone"){f(Z);return}i.send({kind:"back"}),w.hidden=!0,t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}),i.on("msg:custom",e=>{e.kind==="dropped"&&z(e)}),i.on("change:earlier_picture",_),_(),h(o,document,"dragover drop",e=>{let s=e.dataTransfer;if(!s?.types.some(p=>/^Files|uri/.test(p)))return;let r=e.composedPath().includes(t);r&&(L(e),s.dropEffect=i.state()==="gone"?"none":"copy"),e.type==="dragover"?K(r):r?B([...s.files],s.getData("text/html")):v!=="reading"&&c(void 0)}),h(o,document,"paste",e=>{let s=e.clipboardData?.files,{activeElement:r}=t.getRootNode();!(t.contains(r)&&!r.matches("input:not([type])"))||!s?.length||(L(e),B([...s],""))})}function ne(n){let t=new DOMParser().parseFromString(n,"text/html").querySelector("img"),[,o,a]=/^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(t?.src??"")??[];if(!(!o||!a))try{let i=Uint8Array.from(atob(a),l=>l.charCodeAt(0));return new File([i],`picture.${o.split(/[/+]/)[1]}`,{type:o})}catch{return}}export{te as default,ne as pictureIn};
