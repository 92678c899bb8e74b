var $=(n,t)=>n.addEventListener("abort",t);function u(n,...t){let[o,...i]=n.split("."),a=document.createElement(o||"div");o==="button"&&x(a,{type:"button"}),a.className=i.map(l=>`xw-${l}`).join(" ");for(let l of t)typeof l=="string"||l instanceof Node?a.append(l):x(a,l);return a}function x(n,t){for(let[o,i]of Object.entries(t)){let a=o.replace("_","data-xw-").replace("$","aria-");i==null||i===!1?n.removeAttribute(a):n.setAttribute(a,i===!0?"":`${i}`)}}function S(n,t){n.textContent!==t&&(n.textContent=t)}function L(n,t){n.hidden=!t,S(n,t)}function h(n,t,o,i){for(let a of o.split(" "))t.addEventListener(a,i,{signal:n,passive:!1})}var D=n=>n.preventDefault();function I(n,t,...o){let i=document.createElementNS("http://www.w3.org/2000/svg",n);return x(i,t),i.append(...o),i}function R(n,t="",o="0 0 16 16"){return I("svg",{class:t,viewBox:o,preserveAspectRatio:"none",$hidden:"true"},I("path",{d:n}))}var V=()=>`xw-${Math.random().toString(36).slice(2)}`;var O=`.xw-root {
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
`;var j=64e4,Y=700,J=1e4,Q=230,X="M3 10.5v2a1 1 0 0 0 1 1h8a1 1 0 0 0 1-1v-2M8 2.5V10M5 7l3 3 3-3",F="The kernel is gone: run this cell again, then bring the picture.",Z="The page gave an address, not the picture. Save it, and drop the file.";function ee({model:n,root:t,signal:o,speak:i},a,{most:l}){let C=V(),H=u("b"),A=u("span"),b=u("button.tool",{$label:"Close",title:"Close",_control:"drop-close"});b.append(R("M4 4l8 8M12 4l-8 8"));let q=R(X,"xw-dropicon"),N=u(".dropped",q,u(".dropwords",H,A),b),y=u(".veil",{_drop:"",hidden:!0},N),g=u("button.link",{_control:"drop-back",hidden:!0});t.append(u("style",O),y),t.querySelector("footer")?.lastElementChild?.before(g);let v,M,k;$(o,()=>{clearTimeout(M),clearTimeout(k)});function c(e,s="",r=""){v=e,y.hidden=!e,b.hidden=e!=="refused",x(y,{_drop:e,role:e==="refused"?"alert":null}),S(H,s),L(A,r),e&&e!=="near"&&K()}function K(){let[e,...s]=t.querySelectorAll(".xw-pane"),r=(e&&!s.length?e:t).getBoundingClientRect(),{left:p,top:f,width:d}=t.getBoundingClientRect(),[m,E]=[Math.max(r.top,0),Math.min(r.bottom,window.innerHeight)],T=Math.min(Q,d/2),W=Math.min(Math.max((r.left+r.right)/2-p,T),d-T);N.style.cssText=`left:${W}px;top:${(m+Math.max(E,m))/2-f}px`}function w(e){clearTimeout(k),c("refused","This picture is not shown",e),b.focus({preventScroll:!0})}function P(){c(void 0),t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}function z(e){v!=="reading"&&(clearTimeout(M),M=setTimeout(()=>v!=="reading"&&v!=="refused"&&c(void 0),Y),e?a.state()==="gone"?c("gone","No kernel, no answer",F):c("over","Drop a picture","The network says what it sees in it"):c("near"))}async function B(e,s){if(clearTimeout(M),a.state()==="gone")return w(F);if(e.length>1)return w(`These are ${e.length} files. Bring one picture.`);let r=e[0]??te(s);if(!r)return w(/<img/i.test(s)?Z:"There is no picture in it.");let{name:p,size:f}=r;if(f>l){let[d,m]=[f,l].map(T=>(T/1e6).toFixed(0));return w(`“${p}” has ${d} MB; expected at most ${m} MB. Make it smaller, or set it from a cell: viewer.image = path.`)}c("reading",`Reading ${p}`),i(`Reading ${p}`),k=setTimeout(()=>L(A,"The kernel is busy with something else."),J);try{for(let d=0;!d||d<f;d+=j){let m=new Uint8Array(await r.slice(d,d+j).arrayBuffer());if(o.aborted)return;let E={kind:"picture",by:C,name:p,size:f,at:d};n.send(E,void 0,[m])}}catch(d){let m=f%4096===0&&!r.type?" Is it a folder?":"";w(`“${p}” cannot be read (${d.message}).${m}`)}}function G({by:e,name:s,failed:r}){e===C&&(clearTimeout(k),r?w(r):(c(void 0),i(`${s} is shown now.`)))}function _(){let e=n.get("earlier_picture");g.hidden=!e,S(g,`Back to ${e}`),x(g,{title:`Back to ${e}`})}h(o,b,"click",P),h(o,y,"keydown",e=>{e.key==="Escape"&&(e.stopPropagation(),P())}),h(o,g,"click",()=>{a.send({kind:"back"}),g.hidden=!0,t.querySelector("[data-xw-stage]")?.focus({preventScroll:!0})}),a.on("msg:custom",e=>{e.kind==="dropped"&&G(e)}),a.on("change:earlier_picture",_),_(),h(o,document,"dragover drop",e=>{let s=e.dataTransfer;if(!s?.types.some(p=>/^Files|uri/.test(p)))return;let r=e.composedPath().includes(t);r&&(D(e),s.dropEffect=a.state()==="gone"?"none":"copy"),e.type==="dragover"?z(r):r?B([...s.files],s.getData("text/html")):v!=="reading"&&c(void 0)}),h(o,document,"paste",e=>{let s=e.clipboardData?.files,{activeElement:r}=t.getRootNode();!(t.contains(r)&&!r.matches("input:not([type])"))||!s?.length||(D(e),B([...s],""))})}function te(n){let t=new DOMParser().parseFromString(n,"text/html").querySelector("img"),[,o,i]=/^data:(image\/[\w.+-]+);base64,(.*)$/s.exec(t?.src??"")??[];if(!(!o||!i))try{let a=Uint8Array.from(atob(i),l=>l.charCodeAt(0));return new File([a],`picture.${o.split(/[/+]/)[1]}`,{type:o})}catch{return}}export{ee as default,te as pictureIn};
